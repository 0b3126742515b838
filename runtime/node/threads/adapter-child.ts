/** A process that opens a model of one node on WebGPU: it ends with 0 where that works, and else says why on standard output. */

import { reason } from '../../../graph/common/errors.js';
import { VERSION } from '../../../graph/common/version.js';
import { encodeModel } from '../../../graph/file/write.js';
import { input } from '../../../graph/ir/value.js';
import { relu } from '../../../graph/ops/unary.js';
import { assemble } from '../../../graph/rewriting/assemble.js';
import { openNative } from '../sessions/native.js';
import { parseProvider } from '../sessions/providers.js';

const x = input('x', 'float32', [1]);
const model = encodeModel(
  assemble({ name: 'one node', inputs: [x], outputs: { y: relu(x) }, producerVersion: VERSION }),
);
const options = {
  provider: parseProvider('webgpu'),
  graphOptimization: 'all',
  threads: 1,
  arena: true,
} as const;
try {
  await openNative(model, options);
  process.exit(0);
} catch (error) {
  process.stdout.write(reason(error), () => process.exit(1));
}
