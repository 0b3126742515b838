/** Rewrites a model as `nmode optimize` does, without running it: what `bench:foreign` measures apart. */
import { encodeChunks } from '../graph/file/write.js';
import { optimize } from '../graph/passes/optimize.js';
import { loadModel } from '../runtime/node/model.js';
import { writeWhole } from '../src/files/write-whole.js';
import { lifted } from '../src/transform/lifting.js';

const [, , from = '', to = ''] = process.argv;
const { model } = await loadModel(from);
const { model: newer } = lifted(model, { level: 'standard', precision: 'fp32' });
await writeWhole(to, encodeChunks(optimize(newer).model));
