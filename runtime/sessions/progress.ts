/** How far the opening of a model is. `P` are the platform's names of providers. */
export type OpenProgress<P extends string = string> =
  /** A provider is tried: what it needs is looked for and, in browsers, fetched. */
  | { readonly kind: 'try'; readonly provider: P }
  /** All has come: the model is compiled, opened, compared. */
  | { readonly kind: 'open'; readonly provider: P }
  /** It does not work; the next is tried. */
  | { readonly kind: 'refuse'; readonly provider: P; readonly error: string }
  | { readonly kind: 'ready'; readonly provider: P };

/** What is told while a model is opened, and what stops it. */
export interface Opening<P extends string = string> {
  readonly progress: (progress: OpenProgress<P>) => void;
  readonly signal: AbortSignal | undefined;
}
