import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { buildModel } from '../../../exporters/assembly/build.js';
import { standard } from '../../../exporters/assembly/describe.js';
import { backboneOf } from '../../../exporters/backbones/index.js';
import { invertedResidual } from '../../../exporters/backbones/inverted-residual.js';
import { Weights } from '../../../exporters/nn/weights.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import type { Model } from '../../../graph/ir/model.js';
import { apply } from '../../../graph/ir/op.js';
import { initializer, type Value } from '../../../graph/ir/value.js';
import { concat } from '../../../graph/ops/concat.js';
import { convTranspose } from '../../../graph/ops/conv-transpose.js';
import { mul, PRelu } from '../../../graph/ops/elementwise.js';
import { globalAveragePool, maxPool } from '../../../graph/ops/pool.js';
import { HardSwish, hardSwish, leakyRelu, relu, sigmoid, silu } from '../../../graph/ops/unary.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { quantizableLayers } from '../../../graph/quantization/layers.js';
import { quantize } from '../../../graph/quantization/quantize.js';
import { modelOf, run, zeros } from '../../support/graph.js';
import { convolved, filled, image, operatorsOf, relativeError } from '../../support/rewritten.js';
import { seeded } from '../../support/seeded.js';

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
/** A transposed convolution to the same size, which is not quantised. */
const convTransposed = (value: Value) => convTranspose(value, seededWeight('t', [8, 4, 1, 1]));
const seededWeight = (name: string, dims: readonly number[]) => initializer(name, seeded(name, dims));

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
    'leaky ReLU does, up to the pooling behind it': [
      maxPool(leakyRelu(layer(x, 'a'), 0.1), [2, 2]),
      { QLinearConv: 2, QLinearLeakyRelu: 1, QuantizeLinear: 1 },
    ],
    'PRelu is on integers at both ends': [
      maxPool(apply(PRelu, [layer(x, 'a'), filled([8, 1, 1], Array(8).fill(0.25))]), [2, 2]),
      { QLinearConv: 2, PRelu: 1, QuantizeLinear: 2, MaxPool: 1 },
    ],
    'so is the operator HardSwish': [
      maxPool(apply(HardSwish, [layer(x, 'a')]), [2, 2]),
      { QLinearConv: 2, QuantizeLinear: 2, MaxPool: 1 },
    ],
    'skip connections are joined on integers, beside what comes in float': [
      layer(concat([relu(layer(x, 'a')), convTransposed(relu(layer(x, 'b')))], 1), 'c'),
      { QLinearConv: 4, QLinearConcat: 1 },
    ],
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

describe('EfficientNet-B0', () => {
  const network = backboneOf('efficientnet_b0').network(new Map());

  it('every convolution but the head and those of gates can run on integers', () => {
    const source = Weights.from((_, dims) => zeros(dims));
    const { model } = optimize(
      buildModel(standard(network, 'eed'), source, { size: { height: 64, width: 64 } }),
      { integers: true },
    );
    const layers = quantizableLayers(model).map(({ name }) => name);
    const convolutions = model.graph.nodes.filter(({ opType }) => opType === 'Conv');
    expect(layers).toHaveLength(54);
    const left = convolutions.filter(({ outputs }) => !layers.includes(outputs[0] ?? ''));
    const names = left.map(({ name }) => name).filter((name) => !/\.fc[12]\//.test(name));
    expect(names).toEqual(['outc.conv/Conv']);
  });

  it('its blocks run there whole, but for what makes a gate of one pixel', async () => {
    const block = (value: Value, name: string) =>
      invertedResidual(value, Weights.from(seeded).scope(name), {
        ...{ expanded: 16, kernel: 5, out: 8, stride: 1, activation: 'silu' },
        squeeze: { channels: 2, activation: 'silu', gate: 'sigmoid' },
      });
    const y = convolved(relu(layer(block(block(x, '1'), '2'), 'last')), 'head', { channels: 1 });
    const { model: plain } = optimize(modelOf([x], { y }), { integers: true });
    const { model, layers } = await quantized(plain, 'x', [1, 8, 16, 16]);
    expect(layers).toHaveLength(7);
    // A SiLU behind each of two convolutions of a block, a gate, and a sum.
    expect(await kernels(model)).toMatchObject({
      ...{ QLinearConv: 7, QLinearSigmoid: 4, QLinearMul: 6, QLinearAdd: 2 },
    });
  });
});
