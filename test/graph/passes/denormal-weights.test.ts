import { expect, it, jest } from '@jest/globals';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import type { Model } from '../../../graph/ir/model.js';
import { float32Tensor, float32Values } from '../../../graph/ir/tensor.js';
import { initializer } from '../../../graph/ir/value.js';
import { conv } from '../../../graph/ops/conv.js';
import { add, div, mul } from '../../../graph/ops/elementwise.js';
import { matMul } from '../../../graph/ops/matmul.js';
import { batchNormalization } from '../../../graph/ops/normalization.js';
import { withoutDenormals } from '../../../graph/passes/denormal-weights.js';
import { type Level, optimize } from '../../../graph/passes/optimize.js';
import { modelOf } from '../../support/graph.js';
import { filled, image } from '../../support/rewritten.js';

const [SMALL, LEAST] = [1e-40, 2 ** -126];
const x = image('x', 1, 2, 4, 4);
const named = (name: string, dims: readonly number[], values: readonly number[]) =>
  initializer(name, float32Tensor(dims, values));
const weight = named('w', [2, 2, 1, 1], [1, SMALL, -SMALL, 2]);
const bias = named('b', [2], [SMALL, 1]);

function valuesOf({ graph }: Model, name: string): readonly number[] {
  const tensor = graph.initializers.get(name);
  return tensor === undefined ? [] : Array.from(float32Values(tensor));
}

it('what is multiplied becomes zero and is counted; the least normal number, and what is added, stay', () => {
  const least = named('least', [2, 2, 1, 1], [LEAST, -LEAST, 0, 1]);
  const matrix = named('m', [4, 4], Array(16).fill(SMALL));
  const y = mul(matMul(conv(conv(x, weight, bias), least), matrix), named('s', [1], [-SMALL]));
  const { model, count } = withoutDenormals(modelOf([x], { y }));
  expect(count()).toBe(2 + 16 + 1);
  expect(valuesOf(model, 'w')).toEqual([1, 0, 0, 2]);
  expect(valuesOf(model, 'least')).toEqual([LEAST, -LEAST, 0, 1]);
  expect(valuesOf(model, 'b')).toEqual([Math.fround(SMALL), 1]);
  expect(valuesOf(model, 's')).toEqual([0]);
});

it('an epsilon stays, and so does a constant that is added elsewhere, or may be replaced', () => {
  const tiny = named('e', [1], [SMALL]);
  const built = modelOf([x], { y: div(x, add(x, tiny)), z: mul(x, tiny) });
  const { model, count } = withoutDenormals(built);
  expect([model, count()]).toEqual([built, 0]);
  const open = modelOf([x], { y: conv(x, weight) });
  const { graph } = open;
  const inputs = [...graph.inputs, { name: 'w', type: { dtype: 'float32', shape: [2, 2, 1, 1] } } as const];
  expect(withoutDenormals({ ...open, graph: { ...graph, inputs } }).count()).toBe(0);
});

it('a weight of a file is read once, and counted as it is written', () => {
  const stored = float32Tensor([2, 2, 1, 1], [1, SMALL, -SMALL, 2]);
  const fill = jest.fn((target: Uint8Array) => target.set(stored.bytes()));
  const built = modelOf([x], { y: conv(x, initializer('w', { ...stored, fill })) });
  const { model, count } = withoutDenormals(built);
  expect(fill).not.toHaveBeenCalled();
  expect(valuesOf(parseModel(encodeModel(model), 'it'), 'w')).toEqual([1, 0, 0, 2]);
  expect(count()).toBe(2);
  expect(fill).toHaveBeenCalledTimes(1);
  expect(withoutDenormals(built).count()).toBe(2);
});

it('standard and latency do it, also to what becomes so small where BatchNorm is folded; none does not', () => {
  const vector = (...values: readonly number[]) => filled([2], values);
  const wide = named('w', [2, 2, 1, 1], [1, 1, 1e-39, 3]);
  const normalized = batchNormalization(
    conv(x, wide),
    vector(1e-20, 1),
    vector(1, 0),
    vector(0, 0),
    vector(1, 1),
    0,
  );
  const built = modelOf([x], {
    y: batchNormalization(normalized, vector(1e-20, 1), vector(0, 0), vector(0, 0), vector(1, 1), 0),
  });
  const denormals = (level: Level) => optimize(built, { level }).countDenormals();
  expect([denormals('standard'), denormals('latency'), denormals('none')]).toEqual([3, 3, 0]);
  const [first = ''] = optimize(built).model.graph.initializers.keys();
  expect(valuesOf(optimize(built).model, first)).toEqual([0, 0, 0, 3]);
  expect(optimize(modelOf([x], { y: conv(x, named('w', [1, 2, 1, 1], [1, 2])) })).countDenormals()).toBe(0);
});
