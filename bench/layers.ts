/**
 * `npm run bench:layers`: the convolutions of the U-Net (w = 64, 256 x 256) as onnxruntime runs them and in Winograd's form, each with
 * its bias and ReLU, natively and in WebAssembly, and what the cost model of `--optimize latency` expects. Its constants
 * (graph/passes/winograd-cost.ts) are fitted to these figures.
 */

import { assemble } from '../graph/assemble.js';
import { encodeModel } from '../graph/file/write.js';
import { conv } from '../graph/ops/conv.js';
import { relu } from '../graph/ops/unary.js';
import { type Layer, winograd } from '../graph/passes/winograd.js';
import { expectedRatio, type Target } from '../graph/passes/winograd-cost.js';
import { rewrite } from '../graph/rewrite.js';
import { initializer, input } from '../graph/value.js';
import { createSession } from '../runtime/node/sessions/session.js';
import { print, table } from '../src/cli/print.js';
import { median } from '../src/percentile.js';
import { isThere } from '../test/support/chromium.js';
import { seeded } from '../test/support/seeded.js';
import { inChromium } from './in-chromium.js';

const [ROUNDS, RUNS, THREADS] = [5, 6, 2];

const LAYERS = [
  [64, 64, 256],
  [64, 128, 128],
  [128, 128, 128],
  [128, 256, 64],
  [256, 256, 64],
  [256, 512, 32],
  [512, 512, 32],
  [512, 512, 16],
  [512, 512, 8],
] as const;

function formsOf({ channels, outputs, height, width }: Layer, target: Target): readonly Uint8Array[] {
  const weight = (name: string, dims: readonly number[]) => {
    const tensor = seeded(name, dims);
    if (tensor === undefined) throw new TypeError('no weight');
    return initializer(name, tensor);
  };
  const x = input('x', 'float32', [1, channels, height, width]);
  const y = relu(
    conv(x, weight('weight', [outputs, channels, 3, 3]), weight('bias', [outputs]), { pads: [1, 1, 1, 1] }),
  );
  const direct = assemble({ name: 'layer', inputs: [x], outputs: { y }, producerVersion: '0' });
  const rule = winograd({ pays: () => true, separable: target === 'wasm' });
  return [direct, rewrite(direct, rule).model].map(encodeModel);
}

/** Milliseconds of both forms, natively: sessions in turn, one at a time, since idle threads spin. */
async function natively(forms: readonly Uint8Array[], dims: readonly number[]): Promise<readonly number[]> {
  const data = Float32Array.from(
    { length: dims.reduce((product, dim) => product * dim, 1) },
    (_, at) => (at % 97) / 97,
  );
  const times: number[][] = forms.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, form] of forms.entries()) {
      await using session = await createSession(form, { threads: THREADS, warmUp: true });
      for (let run = 0; run < RUNS; run++) {
        const start = performance.now();
        await session.run({ x: { dims, data } });
        times[at]?.push(performance.now() - start);
      }
    }
  }
  return times.map(median);
}

async function inPage(forms: readonly Uint8Array[], dims: readonly number[]): Promise<readonly number[]> {
  return (await inChromium(forms, { rounds: ROUNDS, dims })).map(({ times }) => median(times));
}

const targets: readonly [Target, typeof natively][] = [
  ['cpu', natively],
  ...(isThere ? [['wasm', inPage] satisfies [Target, typeof natively]] : []),
];
for (const [target, measure] of targets) {
  const rows: string[][] = [];
  for (const [channels, outputs, side] of LAYERS) {
    const layer = { batch: 1, channels, outputs, height: side, width: side };
    const [direct = 0, rewritten = 0] = await measure(formsOf(layer, target), [1, channels, side, side]);
    rows.push([
      `${channels} -> ${outputs} at ${side} x ${side}`,
      direct.toFixed(1),
      rewritten.toFixed(1),
      (rewritten / direct).toFixed(2),
      (expectedRatio(target, layer) ?? Number.NaN).toFixed(2),
    ]);
  }
  print(`${target}, ${THREADS} threads\n`);
  print(`${table(['layer', 'direct, ms', 'Winograd, ms', 'ratio', 'expected'], rows)}\n`);
}
if (!isThere) print('WebAssembly is left out: /usr/bin/chromium is not there');
