import { quoted, type CompletedCommand, type CompletedValue } from './completed.js';

export function fishScript(commands: readonly CompletedCommand[]): string {
  return `# hypergrad for fish: hypergrad completion fish > ~/.config/fish/completions/hypergrad.fish
function __hypergrad_list
    set -l word (string replace -r -- '^--[^=]*=' '' (commandline -ct))
    set -l before (string match -r -- '^.*,' $word)
    printf '%s\\n' "$before"$argv
end
complete -c hypergrad -f
complete -c hypergrad -n __fish_use_subcommand -l help -d 'display help'
complete -c hypergrad -n __fish_use_subcommand -l version -d 'the version'
${commands.map(linesOf).join('\n')}
`;
}

function linesOf({ name, about, options, places }: CompletedCommand): string {
  const within = `complete -c hypergrad -n '__fish_seen_subcommand_from ${name}'`;
  return [
    `complete -c hypergrad -n __fish_use_subcommand -a ${name} -d ${quoted(about)}`,
    ...options.map(
      ({ long, about, value }) => `${within} -l ${long.slice(2)} -d ${quoted(about)}${value ? argumentOf(value) : ''}`,
    ),
    ...[...new Set(places.map(placeOf))].flatMap((place) => (place === '' ? [] : [`${within}${place}`])),
  ].join('\n');
}

function argumentOf(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
    case 'folder':
      return ` -x${placeOf(value)}`;
    case 'file':
      return ' -r -F';
    case 'any':
      return ' -x';
  }
}

function placeOf(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return ` -a ${quoted(value.list ? `(__hypergrad_list ${value.choices.join(' ')})` : value.choices.join(' '))}`;
    case 'folder':
      return " -a '(__fish_complete_directories)'";
    case 'file':
      return ' -F';
    case 'any':
      return '';
  }
}
