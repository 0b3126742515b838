import { NmodeError, unlessRefused } from '../common/errors.js';
import type { Model } from '../ir/model.js';
import { IO_KEY, parseRecipe, RECIPE_KEY } from '../recipe/recipe.js';
import { imageOf } from './features.js';
import { RECEPTIVE_FIELD_KEY, type Reach, receptiveField } from './receptive-field.js';
import { directionOf, isSpatial } from './spatial/axes.js';
import { follow } from './spatial/follow.js';
import type { Cause, Extent, ImageTrace } from './spatial/trace.js';

/**
 * Follows a network that takes images [N, C, H, W] of any size to how far its first output looks. It is a bound, by what the graph may read:
 * what it reads may well have little influence.
 * @param multiple what heights, widths and the places of tiles are multiples of
 */
export function reachOf(model: Model, multiple: number): Reach {
  const [output] = model.graph.outputs;
  try {
    const image = imageOf(model);
    if (image.shape.slice(2).some((size) => typeof size === 'number')) {
      return { why: 'it is for images of one size' };
    }
    const trace = output && follow(model, image, multiple).get(output.name);
    return trace?.kind === 'image' ? reachAlong(trace, multiple) : { pixels: 0 };
  } catch (error) {
    if (error instanceof NmodeError) return { why: `it cannot be followed: ${error.message}` };
    throw error;
  }
}

/** The model, with how far it looks in its metadata where its recipe keeps images at their own size: for those that read no graph. */
export function withReceptiveField(model: Model): Model {
  const multiple = paddedTo(model);
  if (multiple === undefined) return model;
  const side = receptiveField(reachOf(model, multiple));
  return { ...model, metadata: new Map([...model.metadata, [RECEPTIVE_FIELD_KEY, side]]) };
}

function paddedTo({ metadata }: Model): number | undefined {
  const recipe = metadata.get(RECIPE_KEY);
  if (recipe === undefined || metadata.get(IO_KEY) === 'image') return undefined;
  // Whoever runs it learns what is wrong with its recipe.
  const sizing = unlessRefused(() => parseRecipe(recipe).sizing, undefined);
  return sizing?.kind === 'pad' ? sizing.multiple : undefined;
}

function reachAlong({ axes, extents, cause, period }: ImageTrace, multiple: number): Reach {
  if (cause !== undefined) return { why: causeText(cause) };
  const [batch, channels, height, width] = axes ?? [];
  const isImage = directionOf(height) === 'H' && directionOf(width) === 'W' && axes?.length === 4;
  const { H, W } = extents;
  if (!isImage || isSpatial(batch) || isSpatial(channels) || !isOne(H) || !isOne(W)) {
    return { why: 'its output is not laid out as its image is' };
  }
  if (period === undefined || multiple % period !== 0) {
    return {
      why: `its strides need multiples of ${period ?? 'more than 65536'}, images are padded to multiples of ${multiple}`,
    };
  }
  const pixels = Math.ceil(Math.max(0, -H.low, H.high, -W.low, W.high));
  return Number.isSafeInteger(pixels) ? { pixels } : { why: 'it looks further than can be counted' };
}

const isOne = ({ step }: Extent): boolean => Math.abs(step - 1) < 1e-9;

function causeText({ kind, node, opType }: Cause): string {
  const place = `node '${node}' (${opType})`;
  switch (kind) {
    case 'whole':
      return `${place} looks at the whole image`;
    case 'size':
      return `what ${place} gives depends on the size of the image`;
    case 'unknown':
      return `how far ${place} looks is not known`;
  }
}
