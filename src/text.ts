/**
 * Text from outside (the name of a file, what stands in one) as it may stand in a message, a figure or a page: what is
 * no visible character (control characters, marks of direction, halves of pairs) stands as its escape, `\x1b` or
 * `\u202e`, and of a long text its beginning is shown.
 *
 * @param most the longest result, in UTF-16 code units; as it is, the longest path.
 */
export function shown(text: string, most = 4096): string {
  // Cut before it is escaped: a file without line ends may come here whole.
  const visible = escaped(text.slice(0, most));
  return text.length <= most && visible.length <= most ? visible : `${whole(visible.slice(0, most - 1))}…`;
}

/** A message of many lines as a terminal may be given it: the line ends stay, all else that is not visible is escaped. */
export function safeForTerminal(text: string): string {
  return text.split('\n').map(escaped).join('\n');
}

/** As many of the names as fit a line, and how many more there are: `sgd, adam and 14 more`; `none` where there is none. */
export function listed(names: readonly string[], most = 3): string {
  const some = names.slice(0, most).map((name) => shown(name, 200));
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${some.join(', ') || 'none'}${more}`;
}

/** Columns as wide as their widest cell, flush right but for those named. */
export function align(lines: readonly (readonly string[])[], { left }: { left: readonly number[] }): string[] {
  const widths: number[] = [];
  for (const cells of lines) cells.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  const pad = (cell: string, column: number) =>
    left.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((cells) => cells.map(pad).join('  ').trimEnd());
}

/** Control and format characters (those that turn the direction of a line among them), separators, halves of pairs. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu;

function escaped(text: string): string {
  return text.replace(invisible, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** Without the half of a pair at its end. */
function whole(text: string): string {
  return text.replace(/[\ud800-\udbff]$/, '');
}

/** Text as a shell takes it for one word. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
