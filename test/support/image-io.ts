import { outlineOf } from '../../graph/ir/model.js';
import type { RgbImage } from '../../runtime/common/raster.js';
import { type FinishOptions, Job } from '../../runtime/images/job.js';
import { inputSpecOf } from '../../runtime/input-spec.js';
import { loadModel } from '../../runtime/node/model.js';
import { createSession } from '../../runtime/node/sessions/session.js';

const FINISH: FinishOptions = {
  threshold: 0.5,
  at: 'image',
  wantProbabilities: true,
  wantComponents: false,
  wantPixels: false,
};

/** onnxruntime finds places in float32, and random networks are steep at 0..255; trained ones agree to 1e-5 (below). */
export const RANDOM_NETWORKS = 5e-4;

/** The probabilities of an image at its own size, by a model of either form. */
export async function probabilitiesOf(bytes: Uint8Array, image: RgbImage) {
  const { model } = await loadModel(bytes);
  const job = new Job(image, inputSpecOf(outlineOf(model)));
  await using session = await createSession(bytes);
  const outputs = await session.run({ [session.inputs[0]?.name ?? '']: job.input(0) }, { type: 'float32' });
  const { mask } = outputs;
  if (mask === undefined) throw new Error('no mask');
  job.place(0, mask);
  return { ports: [session.inputs, session.outputs], probabilities: job.finish(FINISH).probabilities };
}
