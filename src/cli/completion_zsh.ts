import { quoted, type CompletedCommand, type CompletedOption, type CompletedValue } from './completed.js';

/** As a file of `fpath`, or sourced once compinit has run. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef hypergrad
# hypergrad for zsh: hypergrad completion zsh > a folder of $fpath/_hypergrad
_hypergrad() {
  local context state state_descr line
  local -A opt_args
  local -a commands=(
${commands.map(({ name, about }) => `    ${quoted(`${name}:${about.replaceAll(':', '\\:')}`)}`).join('\n')}
  )
  _arguments -C '(- *)--help[display help]' '(- *)--version[the version]' '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${commands.map(caseOf).join('\n')}
      esac ;;
  esac
}
if [[ \${funcstack[1]} == _hypergrad ]]; then _hypergrad "$@"; else compdef _hypergrad hypergrad; fi
`;
}

function caseOf({ name, options, places }: CompletedCommand): string {
  const lines = [...options.map(optionLine), ...places.map((place) => quoted(`:argument:${action(place)}`))];
  return `        ${name})
          _arguments \\
${lines.map((line) => `            ${line}`).join(' \\\n')} ;;`;
}

function optionLine({ long, about, value }: CompletedOption): string {
  const text = about.replaceAll(/[\\[\]:]/g, '\\$&');
  return quoted(value ? `${long}=[${text}]:value:${action(value)}` : `${long}[${text}]`);
}

function action(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return value.list ? `_sequence compadd - ${value.choices.join(' ')}` : `(${value.choices.join(' ')})`;
    case 'folder':
      return '_files -/';
    case 'file':
      return '_files';
    case 'any':
      return ' ';
  }
}
