import { encodeChunks } from '../graph/file/write.js';
import { loadModel } from '../runtime/node/model.js';
import { type Transformed, type TransformOptions, transform } from './transform.js';
import { refuseOverwriting, writeWhole } from './write-whole.js';

export interface OptimizeModelOptions extends TransformOptions {
  /** An .onnx file, of this package or of another exporter. */
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
}

/**
 * Rewrites an .onnx file into one that runs faster or is smaller, and compares the two on images.
 * @throws NmodeError: BAD_USAGE, BAD_MODEL, BAD_IMAGE, CANNOT_RUN, CANNOT_WRITE; CHECK_FAILED where the results differ by more
 *   than is allowed. In every case nothing is written.
 */
export async function optimizeModel(options: OptimizeModelOptions): Promise<OptimizeReport> {
  const { model: path, output } = options;
  const { model, bytes: before, name } = await loadModel(path);
  await refuseOverwriting([output], [path]);
  const { model: result, ...report } = await transform(model, name, options);
  return {
    output,
    bytes: await writeWhole(output, encodeChunks(result)),
    bytesBefore: before.length,
    nodes: result.graph.nodes.length,
    nodesBefore: model.graph.nodes.length,
    ...report,
  };
}
