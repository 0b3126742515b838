import { featureMapFaults } from '../../graph/analysis/feature-maps.js';
import { type Feature, featureType, imageOf, locate, sizeMultipleOf } from '../../graph/analysis/features.js';
import { lastOnTheWayDown } from '../../graph/analysis/way-down.js';
import { badModel } from '../../graph/common/errors.js';
import { checkOptions, type Kinds, SIGNAL } from '../../graph/common/option-kinds.js';
import { dimText } from '../../graph/ir/dim.js';
import type { DType } from '../../graph/ir/dtype.js';
import { inImageForm } from '../../graph/lifting/image-form.js';
import { liftedToCount } from '../../graph/lifting/lift.js';
import { type Assumption, assumedStructure } from '../../graph/recipe/assumption.js';
import { naming } from '../../runtime/common/naming.js';
import { type LoadedModel, loadModel } from '../../runtime/node/model.js';
import { type FilePath, pathOf } from '../../runtime/node/path-of.js';
import { measure } from '../measuring/measure.js';

export interface SkipsReport {
  readonly kind: 'skips';
  readonly file: string;
  /** The image that the model takes. */
  readonly input: { readonly name: string; readonly shape: readonly (number | string)[] };
  /** At each resolution on the way down, the last tensor that all below it is computed from; shallow to deep. */
  readonly skips: readonly (Feature & { readonly shape: readonly (number | string)[] })[];
  /** Height and width of images must be multiples of this. */
  readonly sizeMultiple: number;
  /** What was taken for the network itself, and is not proven. */
  readonly assumed: readonly Assumption[];
}

const OTHER_FLOATS: readonly DType[] = ['float16', 'bfloat16', 'float64'];

/** Options of `proposeSkips`. */
export interface SkipsOptions {
  /** Rejects at once; what onnxruntime has begun is discarded. */
  readonly signal?: AbortSignal;
}

const KINDS: Kinds<SkipsOptions> = { signal: SIGNAL };

/**
 * Proposes the tensors of an .onnx file that a decoder is to be grafted on.
 * @throws NmodeError: BAD_MODEL for a model that takes no image [N, C, H, W] or never leaves its resolution; BAD_USAGE; CANNOT_RUN; the
 * signal's reason
 */
export async function proposeSkips(path: FilePath, options: SkipsOptions = {}): Promise<SkipsReport> {
  const file = pathOf(path, 'path');
  checkOptions(options, KINDS);
  return skipsIn(await loadModel(file, options), options);
}

/** The same of a model that is loaded. */
export async function skipsIn(
  { model: given, name }: LoadedModel,
  options: SkipsOptions = {},
): Promise<SkipsReport> {
  const model = inImageForm(liftedToCount(given));
  const tensors = model.graph.nodes.flatMap(({ outputs }) => outputs).filter((tensor) => tensor !== '');
  const located = await locate(model, tensors, (part) => measure(part, options)).catch((error) =>
    naming(name, () => {
      throw error;
    }),
  );
  const faultOf = featureMapFaults(model);
  const maps = located.map((found) =>
    faultOf(found.tensor) ? { tensor: found.tensor, type: found.type } : found,
  );
  const skips = naming(name, () => lastOnTheWayDown(model, maps));
  const other = located.find(({ type }) => type?.shape.length === 4 && OTHER_FLOATS.includes(type.dtype));
  if (skips.length === 0 && other?.type !== undefined) {
    throw badModel(
      `${name}: its feature maps are ${other.type.dtype}, such as '${other.tensor}', expected float32: give the float32 model that it was made of, and lower the precision afterwards`,
    );
  }
  if (skips.length === 0) {
    throw badModel(
      `${name}: no feature map float32 [N, C, H, W] of a part of the image lies between it and an output`,
    );
  }
  const sizeMultiple = naming(name, () => sizeMultipleOf(model, skips));
  const image = imageOf(model);
  const plain = (dim: (typeof image.shape)[number]) => (typeof dim === 'number' ? dim : dimText(dim));
  return {
    kind: 'skips',
    file: name,
    input: { name: image.name, shape: image.shape.map(plain) },
    skips: skips.map((skip) => ({
      ...skip,
      shape: featureType(model, skip, sizeMultiple).shape.map(plain),
    })),
    sizeMultiple,
    assumed: assumedStructure(given.metadata),
  };
}
