/** What may stand in a place of the command line; `any`: what no shell can guess. */
export type CompletedValue =
  | { readonly kind: 'choices'; readonly choices: readonly string[]; readonly list: boolean }
  | { readonly kind: 'file' | 'folder' | 'any' };

export interface CompletedOption {
  /** `--method`. */
  readonly long: string;
  /** In a line. */
  readonly about: string;
  /** Undefined of a switch. */
  readonly value: CompletedValue | undefined;
}

export interface CompletedCommand {
  readonly name: string;
  readonly about: string;
  readonly options: readonly CompletedOption[];
  readonly places: readonly CompletedValue[];
}

/** Text in single quotes, as all three shells take it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
