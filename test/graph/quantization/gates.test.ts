import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { backboneOf } from '../../../exporters/backbones/index.js';
import { buildModel } from '../../../exporters/build.js';
import { standard } from '../../../exporters/describe.js';
import { Weights } from '../../../exporters/weights.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import type { Model } from '../../../graph/model.js';
import { mul } from '../../../graph/ops/elementwise.js';
import { globalAveragePool } from '../../../graph/ops/global-average-pool.js';
import { concat } from '../../../graph/ops/shapes.js';
import { hardSwish, relu, sigmoid, silu } from '../../../graph/ops/unary.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { quantize } from '../../../graph/quantization/quantize.js';
import type { Value } from '../../../graph/value.js';
import { modelOf, run } from '../../support/graph.js';
import { convolved, image, operatorsOf, relativeError } from '../../support/rewritten.js';
import { seededWith } from '../../support/seeded.js';

const { InferenceSession } = await import('onnxruntime-node');
const folder = mkdtempSync(join(tmpdir(), 'nmode-gates-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What onnxruntime makes of a model on a CPU, by operator. */
async function kernels(model: Model): Promise<Readonly<Record<string, number>>> {
  const optimizedModelFilePath = join(folder, 'optimized.onnx');
  const options = {
    optimizedModelFilePath,
    graphOptimizationLevel: 'extended',
    logSeverityLevel: 4,
  } as const;
  await (await InferenceSession.create(encodeModel(model), options)).release();
  return operatorsOf(parseModel(readFileSync(optimizedModelFilePath), 'optimized'));
}

/** All that can be on integers, calibrated on one input. */
async function quantized(model: Model, name: string, dims: readonly number[], level = 1) {
  const count = dims.reduce((all, size) => all * size, 1);
  const data = Float32Array.from({ length: count }, (_, at) => (level * (1 + Math.sin(at))) / 2);
  const feeds = { [name]: { dims, data } };
  const result = await quantize(model, {
    ...{ method: 'minmax', target: 'cpu', budget: 1, lossOf: async () => 0 },
    async runEach(observed, take) {
      const outputs = Object.entries(await run(observed, feeds));
      const values = outputs.map(([output, ran]) => [output, Float32Array.from(ran.data)] as const);
      take({ [name]: data, ...Object.fromEntries(values) });
    },
  });
  return { ...result, feeds };
}

const x = image('x', 1, 8, 16, 16);
const same = { kernel: [3, 3], pads: [1, 1, 1, 1] };
const layer = (value: Value, name: string, channels = 8) => convolved(value, name, { channels, ...same });

describe('activations and gates between convolutions', () => {
  const features = relu(layer(x, 'a'));
  const squeezed = relu(convolved(globalAveragePool(features), 'squeeze', { channels: 2 }));
  const excited = mul(features, sigmoid(convolved(squeezed, 'excite', { channels: 8 })));
  const attention = mul(features, sigmoid(convolved(relu(layer(features, 'g')), 'psi', { channels: 1 })));
  const cases: Readonly<Record<string, [Value, Readonly<Record<string, number>>]>> = {
    'SiLU runs on integers': [
      silu(layer(silu(layer(x, 'a')), 'b')),
      { QLinearConv: 3, QLinearSigmoid: 2, QLinearMul: 2 },
    ],
    'of hard swish the product does': [hardSwish(layer(x, 'a')), { QLinearConv: 2, QLinearMul: 1 }],
    'a gate of one pixel stays in float but for its product': [excited, { QLinearConv: 2, QLinearMul: 1 }],
    'attention over pixels does': [attention, { QLinearConv: 4, QLinearSigmoid: 1, QLinearMul: 1 }],
  };
  it.each(Object.entries(cases))('%s', async (_, [value, expected]) => {
    const y = convolved(relu(layer(value, 'last')), 'head', { channels: 1 });
    const model = modelOf([x], { y });
    const { model: after, feeds } = await quantized(model, 'x', [1, 8, 16, 16]);
    expect(await kernels(after)).toMatchObject(expected);
    const [wanted, found] = [await run(model, feeds), await run(after, feeds)];
    expect(relativeError(found.y?.data ?? [], wanted.y?.data ?? [])).toBeLessThan(0.05);
  });

  it('a SiLU that no layer on integers reads stays in float', async () => {
    const y = sigmoid(convolved(concat([silu(layer(x, 'a')), x], 1), 'head', { channels: 1 }));
    const { model } = await quantized(modelOf([x], { y }), 'x', [1, 8, 16, 16]);
    const found = await kernels(model);
    expect(found).toMatchObject({ QLinearConv: 1 });
    expect(found).not.toHaveProperty('QLinearSigmoid');
  });
});

it('EfficientNet-B0: every convolution but the head and those of gates runs on integers', async () => {
  const network = backboneOf('efficientnet_b0').network(new Map());
  const built = buildModel(standard(network, 'eed'), Weights.from(seededWith(1)), {
    size: { height: 64, width: 64 },
  });
  const { model: plain } = optimize(built, { integers: true });
  const { model, layers } = await quantized(plain, 'input', [1, 3, 64, 64]);
  expect(layers).toHaveLength(54);
  // One a SiLU outside of gates, one a gate or a SiLU, and one a residual.
  expect(await kernels(model)).toMatchObject({
    QLinearConv: 54,
    QLinearSigmoid: 33,
    QLinearMul: 49,
    QLinearAdd: 9,
  });
});
