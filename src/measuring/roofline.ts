import { VERSION } from '../../graph/common/version.js';
import { encodeModel } from '../../graph/file/write.js';
import { float32Tensor } from '../../graph/ir/tensor.js';
import { initializer, input, type Value } from '../../graph/ir/value.js';
import { matMul } from '../../graph/ops/matmul.js';
import { assemble } from '../../graph/rewriting/assemble.js';
import type { ProviderName } from '../../runtime/node/sessions/providers.js';
import type { BenchProcess } from './bench-process.js';

/** Several products of 1024 x 1024 matrices in a row, beside which going in and out counts little. */
const [SIDE, PRODUCTS, RUNS] = [1024, 4, 12];

/** Multiply-adds a second of matrix products in float32: the most that a provider does with these threads. */
export async function peakMacs(
  measuring: BenchProcess,
  provider: ProviderName,
  threads: number,
): Promise<number> {
  const inputs = { x: { type: 'float32', dims: [SIDE, SIDE], data: waves(1) } } as const;
  const options = { bytes: products(), inputs, runs: RUNS, provider, threads };
  return (PRODUCTS * SIDE ** 3 * 1000) / (await measuring.call('fastest', options));
}

function waves(height: number): Float32Array {
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => height * Math.sin(i));
}

function products(): Uint8Array {
  const x = input('x', 'float32', [SIDE, SIDE]);
  const w = initializer('w', float32Tensor([SIDE, SIDE], waves(1 / Math.sqrt(SIDE))));
  let y: Value = x;
  for (let i = 0; i < PRODUCTS; i++) y = matMul(y, w);
  return encodeModel(assemble({ name: 'products', inputs: [x], outputs: { y }, producerVersion: VERSION }));
}
