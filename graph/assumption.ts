/** What a file does not say, and what is taken in its place. It is told wherever a result is given that rests on it. */
export interface Assumption {
  /** What is not known, in the field's word: `recipe`, `background`, `pooling`, `BatchNorm eps`. */
  readonly what: string;
  /** What is taken for it, in words: `min-max, resized to 256x256`. */
  readonly value: string;
  /** The option of the API that says it, in camel case; the command line's flag is the same in kebab case. */
  readonly option: string;
}

/** The flag of the command line for an option of the API: `bnEps` is `--bn-eps`. */
export function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `recipe min-max, resized to 256x256 (--recipe)`, several separated by semicolons. */
export function assumptionsText(assumptions: readonly Assumption[]): string {
  return assumptions.map(({ what, value, option }) => `${what} ${value} (${flagOf(option)})`).join('; ');
}
