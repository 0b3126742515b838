/**
 * `npm run bench:layers`: the convolutions of the U-Net (w = 64, 256 x 256) as onnxruntime runs them, in Winograd's form, and on
 * integers, natively and in WebAssembly, and what the cost model of `--optimize latency` expects of Winograd's form. Its constants
 * (graph/passes/winograd/cost.ts) are fitted to these figures.
 */

import { encodeModel } from '../graph/file/write.js';
import type { Model } from '../graph/ir/model.js';
import { initializer, input, type Value } from '../graph/ir/value.js';
import { conv } from '../graph/ops/conv.js';
import { maxPool } from '../graph/ops/pool.js';
import { dequantizeLinear } from '../graph/ops/quantize-linear.js';
import { relu } from '../graph/ops/unary.js';
import { expectedRatios, type Target } from '../graph/passes/winograd/cost.js';
import type { Layer } from '../graph/passes/winograd/transforms.js';
import { winograd } from '../graph/passes/winograd/winograd.js';
import { activationParameters } from '../graph/quantization/parameters.js';
import { quantizeConvolutions } from '../graph/quantization/quantize-convolutions.js';
import { assemble } from '../graph/rewriting/assemble.js';
import { rewrite } from '../graph/rewriting/rewrite.js';
import { createSession } from '../runtime/node/sessions/session.js';
import { print, table } from '../src/cli/output/print.js';
import { median } from '../src/measuring/percentile.js';
import { isThere } from '../test/support/chromium.js';
import { seeded } from '../test/support/seeded.js';
import { inChromium } from './in-chromium.js';

const [ROUNDS, RUNS, THREADS] = [5, 6, 2];

/** Channels of what a layer's input is made of. */
const BEFORE = 16;

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

/**
 * Direct with its bias and ReLU, in Winograd's forms with these, and on integers: after a small convolution and before an operator that
 * looks at few of its outputs, as in a network, so that images come and go in the order of the runtime's kernels.
 */
function formsOf(layer: Layer, target: Target): readonly Uint8Array[] {
  const { channels, outputs, height, width } = layer;
  const made = (name: string, ...dims: readonly number[]) => {
    const tensor = seeded(name, dims);
    if (tensor === undefined) throw new TypeError(`no ${name}`);
    return initializer(name, tensor);
  };
  const modelOf = (x: Value, floats: Value) => {
    const entry = relu(conv(floats, made('before.weight', channels, BEFORE, 1, 1)));
    const [weight, bias] = [made('weight', outputs, channels, 3, 3), made('bias', outputs)];
    const y = maxPool(relu(conv(entry, weight, bias, { pads: [1, 1, 1, 1] })), [1, 1], { strides: [8, 8] });
    return assemble({ name: 'layer', inputs: [x], outputs: { y }, producerVersion: '0' });
  };
  const x = input('x', 'float32', [1, BEFORE, height, width]);
  const direct = modelOf(x, x);
  const rewritten = [...expectedRatios(target, layer).keys()].map(
    (form) => rewrite(direct, winograd({ algorithmOf: () => form })).model,
  );
  const bytes = input('x', 'uint8', [1, BEFORE, height, width]);
  const { scale, zeroPoint } = activationParameters(RANGE);
  const integers = onIntegers(modelOf(bytes, dequantizeLinear(bytes, scale, zeroPoint)));
  return [direct, ...rewritten, integers].map(encodeModel);
}

const RANGE = { min: 0, max: 1 };

function onIntegers(model: Model): Model {
  const ranges = new Map(model.graph.nodes.flatMap(({ outputs }) => outputs.map((name) => [name, RANGE])));
  return rewrite(
    model,
    quantizeConvolutions(ranges, () => true, new Map(), false),
  ).model;
}

/** Milliseconds of all forms, natively: sessions in turn, one at a time, since idle threads spin. */
async function natively(forms: readonly Uint8Array[], dims: readonly number[]): Promise<readonly number[]> {
  const length = dims.reduce((product, dim) => product * dim, 1);
  const floats = { dims, data: Float32Array.from({ length }, (_, at) => (at % 97) / 97) };
  const bytes = { dims, data: Uint8Array.from({ length }, (_, at) => at % 251) };
  const times: number[][] = forms.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, form] of forms.entries()) {
      await using session = await createSession(form, { threads: THREADS, warmUp: true });
      const x = session.inputs[0]?.dtype === 'uint8' ? bytes : floats;
      for (let run = 0; run < RUNS; run++) {
        const start = performance.now();
        await session.run({ x });
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
  const forms = new Set<string>();
  for (const [channels, outputs, side] of LAYERS) {
    const layer = { batch: 1, channels, outputs, height: side, width: side };
    const [direct = 0, ...others] = await measure(formsOf(layer, target), [1, BEFORE, side, side]);
    const expected = [...expectedRatios(target, layer)];
    for (const [form] of expected) forms.add(form);
    const ratios = others.map((time, at) => {
      const [, ratio] = expected[at] ?? [];
      return `${(time / direct).toFixed(2)}${ratio === undefined ? '' : ` (${ratio.toFixed(2)})`}`;
    });
    rows.push([`${channels} -> ${outputs} at ${side} x ${side}`, direct.toFixed(1), ...ratios]);
  }
  print(`${target}, ${THREADS} threads; in the time of the direct form, and what is expected\n`);
  print(`${table(['layer', 'direct, ms', ...forms, 'int8'], rows)}\n`);
}
if (!isThere) print('WebAssembly is left out: /usr/bin/chromium is not there');
