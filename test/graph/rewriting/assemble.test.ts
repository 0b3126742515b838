import { describe, expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { encodeModel } from '../../../graph/file/write.js';
import { addDims, symbol } from '../../../graph/ir/dim.js';
import { float32Tensor, int64Tensor } from '../../../graph/ir/tensor.js';
import { constant, initializer, input, scope, type Value } from '../../../graph/ir/value.js';
import { concat } from '../../../graph/ops/concat.js';
import { conv } from '../../../graph/ops/conv.js';
import { convTranspose } from '../../../graph/ops/conv-transpose.js';
import { add, mul } from '../../../graph/ops/elementwise.js';
import { batchNormalization } from '../../../graph/ops/normalization.js';
import { pad } from '../../../graph/ops/pad.js';
import { maxPool } from '../../../graph/ops/pool.js';
import { resizeLinear } from '../../../graph/ops/resize.js';
import { shapeOf } from '../../../graph/ops/shape.js';
import { gelu, relu, sigmoid, tanh } from '../../../graph/ops/unary.js';
import { assemble, DEFAULT_OPSET, IR_OF_OPSET, OPSETS } from '../../../graph/rewriting/assemble.js';
import { dimsOf, modelOf, zeros } from '../../support/graph.js';

const x = input('x', 'float32', [symbol('N'), 2, symbol('H'), symbol('W')]);

describe('names', () => {
  it('a node and its value are named by the innermost scope and the operator', () => {
    const y = scope('up1', () => scope('up1.g.0', () => relu(x)));
    expect(modelOf([x], { out: tanh(y) }).graph.nodes).toMatchObject([
      { name: 'up1.g.0/Relu', inputs: ['x'], outputs: ['up1.g.0/Relu'] },
      { name: 'Tanh', inputs: ['up1.g.0/Relu'], outputs: ['out'] },
    ]);
  });

  it('a scope ends with its call, thrown out of or not', () => {
    expect(() => scope('a', () => scope('b', fail))).toThrow('failed');
    expect(
      modelOf([x], { out: scope('c', () => relu(scope('d', () => tanh(x)))) }).graph.nodes,
    ).toMatchObject([{ name: 'd/Tanh' }, { name: 'c/Relu' }]);
    expect(modelOf([x], { out: relu(x) }).graph.nodes[0]?.name).toBe('Relu');
  });

  it('every name is given once, whatever names are taken already', () => {
    const tricky = input('Relu_2', 'float32', [1]);
    const values = [relu(x), relu(x), relu(x)].reduce((sum, value) => add(sum, value), tricky);
    const { graph } = modelOf([x, tricky], { Add: values });
    const names = [...graph.nodes.flatMap(({ outputs }) => outputs), 'x', 'Relu_2'];
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(graph.nodes.map(({ name }) => name)).size).toBe(graph.nodes.length);
    expect(graph.nodes.at(-1)?.outputs).toEqual(['Add']);
  });

  it('weights keep the names of the state dict', () => {
    const [weight, bias] = weights('inc.conv.0');
    const { graph } = modelOf([x], { out: conv(x, weight, bias) });
    expect([...graph.initializers.keys()]).toEqual(['inc.conv.0.weight', 'inc.conv.0.bias']);
    expect(graph.nodes[0]?.inputs).toEqual(['x', 'inc.conv.0.weight', 'inc.conv.0.bias']);
  });

  it('outputs are named and ordered as asked, also one that other nodes read', () => {
    const inner = relu(x);
    const { graph } = modelOf([x], { mask: tanh(inner), features: inner });
    expect(graph.outputs.map(({ name }) => name)).toEqual(['mask', 'features']);
    expect(graph.nodes).toMatchObject([
      { opType: 'Relu', outputs: ['features'] },
      { opType: 'Tanh', inputs: ['features'], outputs: ['mask'] },
    ]);
  });

  it('an open size is declared by its formula', () => {
    const wide = input('x', 'float32', [1, addDims(symbol('H'), 2)]);
    const { graph } = modelOf([wide], { out: concat([wide, wide], 1) });
    expect(graph.inputs[0]?.type).toEqual({ dtype: 'float32', shape: [1, 'H+2'] });
    expect(graph.outputs[0]?.type).toEqual({ dtype: 'float32', shape: [1, '2*H+4'] });
  });
});

describe('what is stored', () => {
  it('equal constants are stored once; another shape or type is another constant', () => {
    const scaled = mul(add(mul(x, 0.5), 0.5), 1.5);
    const spread = mul(scaled, constant(float32Tensor([1], [0.5])));
    expect(modelOf([x], { out: spread }).graph.initializers.size).toBe(3);
    const sizes = add(shapeOf(x), constant(int64Tensor([1], [0])));
    const zero = mul(sizes, constant({ ...float32Tensor([2], [0, 0]), dtype: 'int64', dims: [1] }));
    expect(modelOf([x], { out: zero }).graph.initializers.size).toBe(1);
  });

  it('only what the outputs need is emitted', () => {
    const [weight] = weights('unused');
    conv(x, weight);
    const { graph } = modelOf([x], { out: relu(x) });
    expect(graph.nodes).toHaveLength(1);
    expect(graph.initializers.size).toBe(0);
  });

  it('a value used twice is computed once', () => {
    const y = relu(x);
    expect(modelOf([x], { out: add(y, y) }).graph.nodes).toHaveLength(2);
  });

  it('trailing inputs that are left out are not written, leading ones are empty names', () => {
    const [weight] = weights('c');
    const { graph } = modelOf([x], { out: resizeLinear(conv(x, weight), [2, 2], 'half_pixel') });
    expect(graph.nodes.map(({ inputs }) => inputs)).toEqual([
      ['x', 'c.weight'],
      ['Conv', '', 'constant'],
    ]);
  });

  it('nodes are in topological order, whichever branch comes first', () => {
    const y = relu(x);
    const z = tanh(y);
    expect(() => check(modelOf([x], { a: add(z, y), b: mul(y, z), c: z }))).not.toThrow();
  });

  it('the same values give the same file, byte for byte', () => {
    const build = () => {
      const [weight, bias] = weights('c');
      return encodeModel(modelOf([x], { out: gelu(scope('c', () => conv(x, weight, bias))) }));
    };
    expect(Buffer.compare(build(), build())).toBe(0);
  });
});

describe('refusals', () => {
  it('two tensors of one name are refused; the same tensor twice is one', () => {
    const shared = zeros([1]);
    const sum = add(add(x, initializer('w', shared)), initializer('w', shared));
    expect(modelOf([x], { out: sum }).graph.initializers.size).toBe(1);
    const clash = add(sum, initializer('w', zeros([1])));
    expect(() => modelOf([x], { out: clash })).toThrow("the name 'w' is taken");
  });

  it.each(['x', 'out', 'constant', 'Mul'])(
    "a weight named '%s', as another value of the graph, is refused and never mistaken for it",
    (name) => {
      const weight = initializer(name, zeros([1]));
      expect(() => modelOf([x], { out: tanh(add(mul(x, 2), weight)) })).toThrow(`'${name}'`);
    },
  );

  it('one value under two output names is refused', () => {
    const y = relu(x);
    expect(() => modelOf([x], { a: y, b: y })).toThrow(/'[ab]'/);
  });

  it('an output that is an input or a constant is refused by its name', () => {
    expect(() => modelOf([x], { mask: x })).toThrow("output 'mask' is not computed");
    expect(() => modelOf([x], { mask: initializer('w', zeros([1])) })).toThrow(
      "output 'mask' is not computed",
    );
  });
});

describe('versions', () => {
  it('each opset gets the oldest IR version that carries it', () => {
    const ofVersions = { 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10 };
    expect(Object.fromEntries(IR_OF_OPSET)).toEqual(ofVersions);
    expect(DEFAULT_OPSET).toBe(17);
  });

  it('every operator is valid in every opset offered, to the checker and to onnxruntime', async () => {
    for (const opset of OPSETS) {
      const model = modelOf([x], { out: everything(x) }, opset);
      expect(model).toMatchObject({ irVersion: IR_OF_OPSET.get(opset), opsets: new Map([['', opset]]) });
      check(model);
      expect(await dimsOf(model, { x: [1, 2, 4, 6] })).toEqual({ out: [1, 2, 4, 6] });
    }
  });

  it.each([12, 19, 17.5])('opset %d is refused with the choice there is', (opset) => {
    expect(() => assemble({ name: 'g', inputs: [x], outputs: {}, opset, producerVersion: '0' })).toThrow(
      expect.objectContaining({
        code: 'BAD_USAGE',
        message: `opset ${opset} is not supported: choose 13 to 18`,
      }),
    );
  });
});

function everything(from: Value): Value {
  const ones = initializer('ones', float32Tensor([2], [1, 1]));
  const [weight, bias] = weights('c');
  const down = maxPool(conv(from, weight, bias), [2, 2]);
  const up = convTranspose(down, initializer('up.weight', zeros([2, 2, 2, 2])), bias, { strides: [2, 2] });
  const resized = resizeLinear(sigmoid(down), [2, 2], 'align_corners');
  const sum = add(batchNormalization(up, ones, ones, ones, ones, 1e-5), gelu(resized));
  const none = constant(int64Tensor([4], [0, 0, 0, 0]));
  const like = pad(
    sum,
    concat([none, add(shapeOf(from), mul(shapeOf(sum), constant(int64Tensor([], [-1]))))], 0),
  );
  return relu(tanh(like));
}

function weights(path: string): [Value, Value] {
  return [initializer(`${path}.weight`, zeros([2, 2, 1, 1])), initializer(`${path}.bias`, zeros([2]))];
}

function fail(): never {
  throw new Error('failed');
}
