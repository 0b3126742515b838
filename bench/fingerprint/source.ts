import { type ExportModelOptions, exportModel, type TransformOptions } from '../../src/index.js';

/** What models are made of. */
export interface Source {
  /** Without spaces. */
  readonly name: string;
  readonly variants: Variants;
  /** The files of fixtures/ with its weights; none where they are computed. */
  readonly reads: readonly string[];
  /** Writes a model. */
  readonly make: (output: string, options: TransformOptions) => Promise<unknown>;
}

/**
 * What is worth its time: `plain` is as it is built, `rewritten` also by the rules that need no images, `fp32` at every level for
 * every target, `all` in the lower precisions, too.
 */
export type Variants = 'plain' | 'rewritten' | 'fp32' | 'all';

export type Hints = Omit<
  ExportModelOptions,
  'checkpoint' | 'output' | Exclude<keyof TransformOptions, 'recipe'>
>;

/** A path in a folder of which the caller disposes: files of computed weights are written there. */
export type Folder = (name: string) => string;

/** A height and width that every network of images takes. */
export const SIDE = 64;
export const SMALL = { batch: 1, height: SIDE, width: SIDE };

/** A checkpoint that is exported. */
export function exported(
  name: string,
  variants: Variants,
  checkpoint: () => string,
  hints: () => Hints,
): Pick<Source, 'name' | 'variants' | 'make'> {
  const make: Source['make'] = (output, options) =>
    exportModel({ checkpoint: checkpoint(), output, ...hints(), ...options });
  return { name, variants, make };
}
