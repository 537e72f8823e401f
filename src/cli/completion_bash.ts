import { quoted, type CompletedCommand, type CompletedValue } from './completed.js';

/** For bash 3.2, which macOS has, and later. Where nothing is set, bash completes files. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  return `# hypergrad for bash: source <(hypergrad completion bash)
_hypergrad() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} list= values=
  # bash takes the = of --method=sgd for a word.
  if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W ${quoted(['--help', '--version', ...commands.map(({ name }) => name)].join(' '))} -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${commands.map(caseOf).join('\n')}
    *) return ;;
  esac
  local start= end=$word
  if [[ -n $list && $word == *,* ]]; then start=\${word%,*},; end=\${word##*,}; fi
  COMPREPLY=($(compgen -P "$start" -W "$values" -- "$end"))
}
complete -o default -F _hypergrad hypergrad
`;
}

function caseOf({ name, options, places }: CompletedCommand): string {
  const [place = { kind: 'any' }] = places;
  return `    ${name})
      case $before in
${casesOf(options)}
        *)
          if [[ $word == -* ]]; then values=${quoted(options.map(({ long }) => long).join(' '))}
          else ${settings(place)}
          fi ;;
      esac ;;`;
}

/** Options of the same values share a line. */
function casesOf(options: CompletedCommand['options']): string {
  const names = new Map<string, string[]>();
  for (const { long, value } of options) {
    if (!value) continue;
    const text = settings(value);
    names.set(text, [...(names.get(text) ?? []), long]);
  }
  return [...names].map(([text, longs]) => `        ${longs.join('|')}) ${text} ;;`).join('\n');
}

/** What to complete; of what no shell can guess, nothing, files included. */
function settings(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return `values=${quoted(value.choices.join(' '))}${value.list ? ' list=1' : ''}`;
    case 'any':
      return 'compopt +o default 2>/dev/null; return';
    case 'folder':
      return 'compopt -o dirnames +o default 2>/dev/null; return';
    case 'file':
      return 'return';
  }
}
