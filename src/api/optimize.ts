import { unlessRefused } from '../../graph/common/errors.js';
import { each, FLAG, type Kinds, NUMBER, PATH } from '../../graph/common/option-kinds.js';
import { pick } from '../../graph/common/pick.js';
import { encodeChunks } from '../../graph/file/write.js';
import { type Model, opsetOf, outlineOf } from '../../graph/ir/model.js';
import { inImageForm } from '../../graph/lifting/image-form.js';
import { lift } from '../../graph/lifting/lift.js';
import { type Assumption, OF_PREPARATION, ofPreparation, restated } from '../../graph/recipe/assumption.js';
import { CLASS_NAMES_KEY, givenClassNames } from '../../graph/recipe/class-names.js';
import { LAYOUT_KEY } from '../../graph/recipe/layout.js';
import { BACKGROUND_KEY, IO_KEY, RECIPE_KEY, recipeText } from '../../graph/recipe/recipe.js';
import { headed } from '../../graph/rewriting/head.js';
import { naming } from '../../runtime/common/naming.js';
import { type InputSpecOptions, imageSpecOf, inputSpecOf } from '../../runtime/input-spec.js';
import { loadModel, withOutput } from '../../runtime/node/model.js';
import { OUTPUT_KINDS } from '../../runtime/output-spec.js';
import { refuseOverwriting, writeOutput } from '../files/write-whole.js';
import type { LiftOptions } from '../transform/lifting.js';
import { reportOf, type Transformed, type TransformOptions, transform } from '../transform/transform.js';
import { TRANSFORM, withOptions } from './option-kinds.js';

export interface OptimizeModelOptions
  extends TransformOptions,
    LiftOptions,
    Pick<InputSpecOptions, 'head' | 'background' | 'classNames' | 'outputName'> {
  /** An .onnx file of this package or of another exporter. */
  readonly model: string;
  /** The .onnx file to write. */
  readonly output: string;
}

export interface OptimizeReport extends Omit<Transformed, 'model'> {
  readonly output: string;
  readonly bytes: number;
  readonly bytesBefore: number;
  readonly nodes: number;
  readonly nodesBefore: number;
  readonly opset: number;
  readonly opsetBefore: number;
  /** What neither the model nor the options say of its images and classes. */
  readonly assumed: readonly Assumption[];
}

const KINDS: Kinds<OptimizeModelOptions> = {
  ...each(['model', 'output'], PATH),
  ...TRANSFORM,
  ...OUTPUT_KINDS,
  ...{ opset: NUMBER, freeze: FLAG },
};

/**
 * Rewrites an .onnx file into one that runs faster or is smaller, and compares the two on images.
 * @throws NmodeError: BAD_USAGE, BAD_MODEL, BAD_IMAGE, CANNOT_RUN, CANNOT_WRITE; CHECK_FAILED where the results differ by more
 *   than is allowed. In every case nothing is written.
 */
export async function optimizeModel(options: OptimizeModelOptions): Promise<OptimizeReport> {
  return withOptions(options, KINDS, ['model', 'output'], optimized);
}

async function optimized(options: OptimizeModelOptions): Promise<OptimizeReport> {
  const { model: path, output, outputName } = options;
  const loaded = await loadModel(path, pick(options, ['signal']));
  const { model, bytes: before, name } = loaded;
  await refuseOverwriting([output], loaded.sources ?? []);
  const stated = naming(name, () => withFacts(withOutput(loaded, outputName).model, options));
  const transformed = await transform(stated, name, options);
  const { model: result } = transformed;
  return {
    output,
    bytes: await writeOutput(output, encodeChunks(result)),
    bytesBefore: before.length,
    nodes: result.graph.nodes.length,
    nodesBefore: model.graph.nodes.length,
    opset: opsetOf(result),
    opsetBefore: opsetOf(model),
    assumed: assumedOf(result),
    ...reportOf(transformed),
  };
}

/**
 * The model with what its user says of it: a head in its graph, and in its metadata how images are prepared, which class is
 * the background and what classes are called. What nobody says is not written down as if somebody had.
 * @throws NmodeError: BAD_MODEL, BAD_USAGE
 */
function withFacts(model: Model, options: OptimizeModelOptions): Model {
  const { recipe, window, grey, layout, head, background, classNames } = options;
  const outline = outlineOf(inImageForm(model, false));
  const facts: [string, string][] = [];
  if (head !== undefined || background !== undefined || classNames !== undefined) {
    inputSpecOf(outline, pick(options, ['layout', 'head', 'background', 'classNames']));
  }
  // Of a softmax over channels an opset before knows nothing.
  const result = head === undefined ? model : headed(head === 'softmax' ? lift(model) : model, head);
  let { metadata } = result;
  if (recipe !== undefined || window !== undefined || grey !== undefined) {
    const spec = imageSpecOf(outline, pick(options, ['recipe', 'window', 'grey', 'layout']));
    metadata = restated(metadata, OF_PREPARATION, ofPreparation(spec.assumed));
    facts.push([IO_KEY, spec.io], [RECIPE_KEY, recipeText(spec.recipe)]);
  }
  if (layout !== undefined) facts.push([LAYOUT_KEY, imageSpecOf(outline, { layout }).layout]);
  if (background !== undefined) {
    metadata = restated(metadata, ['background']);
    facts.push([BACKGROUND_KEY, String(background)]);
  }
  if (classNames !== undefined) facts.push([CLASS_NAMES_KEY, JSON.stringify(givenClassNames(classNames))]);
  return { ...result, metadata: new Map([...metadata, ...facts]) };
}

/** What of a model's images and classes is assumed wherever it runs; nothing of one that segments no images. */
const assumedOf = (model: Model): readonly Assumption[] =>
  unlessRefused(() => inputSpecOf(outlineOf(inImageForm(model, false))).assumed, []);
