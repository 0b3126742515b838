import { NmodeError } from '../graph/errors.js';
import type { Outline } from '../graph/model.js';
import {
  BYTES_PER_PIXEL_KEY,
  checkRecipe,
  HEAD_KEY,
  MAX_NETWORK_PIXELS,
  NORMALIZATIONS,
  parseRecipe,
  RECIPE_KEY,
  RELEASE_SIDE,
  type Recipe,
  type Sizing,
} from '../graph/recipe.js';
import type { ModelForm } from './images/job.js';

/** What one run may take where nothing else is said. */
export const DEFAULT_MEMORY_BUDGET = 2 ** 30;

/** About what a U-Net of width 64 takes; for models that do not say. */
const BYTES_PER_PIXEL = 1024;

export interface FormOptions {
  /** Takes the place of what the model's metadata says. */
  readonly recipe?: Partial<Recipe>;
  /** Bytes that one run may take, where the recipe keeps images at their own size; larger ones run in tiles. Default 1 GiB. */
  readonly memoryBudget?: number;
}

/**
 * How a model wants its images, by its metadata and its one input. A model without a recipe gets the release's.
 * @throws NmodeError (BAD_MODEL) for a model that does not take one RGB image, or whose recipe its input contradicts
 */
export function formOf({ inputs, outputs, metadata }: Outline, options: FormOptions = {}): ModelForm {
  const [input, ...others] = inputs;
  const shape = input?.type?.shape ?? [];
  const dtype = input?.type?.dtype;
  const io = dtype === 'uint8' ? 'image' : 'tensor';
  const [batch, , , last] = shape;
  const channels = io === 'image' ? last : shape[1];
  if (input === undefined || others.length > 0 || shape.length !== 4 || channels !== 3) {
    const names = [input, ...others].map((port) => `${port?.type?.dtype} [${port?.type?.shape ?? ''}]`);
    throw bad(
      `it takes ${names.join(' and ')}, expected one image: float32 [N, 3, H, W] or uint8 [1, H, W, 3]`,
    );
  }
  if (io === 'tensor' && dtype !== 'float32') throw bad(`it takes ${dtype}, expected float32 or uint8`);
  const given = outputs[0]?.type?.dtype ?? 'float32';
  if (given !== 'float32') throw bad(`it gives ${given}, expected probabilities in float32`);
  if (metadata.get(HEAD_KEY) === 'none') {
    throw bad('it gives logits (exported with --head none), expected probabilities');
  }
  if (typeof batch === 'number' && batch > 1) {
    throw bad(`it takes ${batch} images at a time, expected 1 or an open batch`);
  }
  if (io === 'image' && options.recipe !== undefined) {
    throw new NmodeError('BAD_USAGE', 'the model has its recipe in its graph: it takes no other');
  }
  const declared = metadata.get(RECIPE_KEY);
  const recipe = {
    normalization: NORMALIZATIONS.release,
    sizing: defaultSizing(shape),
    ...(declared !== undefined && readRecipe(declared)),
    ...checkRecipe(options.recipe ?? {}),
  };
  if (io === 'tensor') checkSizing(recipe.sizing, shape);
  const { memoryBudget = DEFAULT_MEMORY_BUDGET } = options;
  if (!(memoryBudget > 0)) throw new NmodeError('BAD_USAGE', `a memory budget of ${memoryBudget} bytes`);
  const stated = Number(metadata.get(BYTES_PER_PIXEL_KEY));
  return {
    io,
    recipe,
    memoryBudget,
    bytesPerPixel: stated > 0 && Number.isFinite(stated) ? stated : BYTES_PER_PIXEL,
  };
}

function bad(message: string): NmodeError {
  return new NmodeError('BAD_MODEL', message);
}

function readRecipe(text: string): Recipe {
  try {
    return parseRecipe(text);
  } catch (error) {
    throw new NmodeError(
      'BAD_MODEL',
      `its metadata ${RECIPE_KEY}: ${error instanceof Error ? error.message : ''}`,
      {
        cause: error,
      },
    );
  }
}

/** The model's own size, or the release's where that is open. */
function defaultSizing([, , height, width]: readonly (number | string)[]): Sizing {
  const side = (size: number | string | undefined) =>
    typeof size === 'number' && size > 0 ? size : RELEASE_SIDE;
  return { kind: 'resize', height: side(height), width: side(width) };
}

function checkSizing(sizing: Sizing, [, , height, width]: readonly (number | string)[]): void {
  for (const [name, size] of Object.entries({ height, width })) {
    if (typeof size !== 'number' || size < 0) continue;
    if (sizing.kind === 'pad')
      throw bad(`its ${name} is ${size}, but its recipe keeps images at their own size`);
    const told = name === 'height' ? sizing.height : sizing.width;
    if (told !== size) throw bad(`its ${name} is ${size}, but its recipe resizes to ${told}`);
  }
  if (sizing.kind === 'resize' && sizing.height * sizing.width > MAX_NETWORK_PIXELS) {
    throw bad(`it takes ${sizing.height} x ${sizing.width} pixels, more than can be held`);
  }
  if (sizing.kind === 'pad' && sizing.multiple ** 2 > MAX_NETWORK_PIXELS) {
    throw bad(`its recipe pads to a multiple of ${sizing.multiple} pixels, more than can be held`);
  }
}
