import { describe, expect, it } from '@jest/globals';
import { reachOf, withReceptiveField } from '../../../graph/analysis/reach.js';
import { statedReach } from '../../../graph/analysis/receptive-field.js';
import { type Attribute, int, ints, string } from '../../../graph/ir/attribute.js';
import type { Model, Node } from '../../../graph/ir/model.js';
import { elementCount, float32Tensor, int64Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { handmade, node, run } from '../../support/graph.js';

type Attributes = Readonly<Record<string, Attribute>>;
/** A node that reads the one before it and weights of these names. */
type Step = readonly [opType: string, weights?: readonly string[], attributes?: Attributes];

/** All weights that are read here: of random sign, so that nothing cancels out. */
const weight = (...dims: number[]) =>
  float32Tensor(
    dims,
    Array.from({ length: elementCount(dims) }, (_, i) => Math.sin(7 * i + 1)),
  );
const WEIGHTS: Readonly<Record<string, Tensor>> = {
  one: weight(3, 3, 1, 1),
  three: weight(3, 3, 3, 3),
  five: weight(3, 3, 5, 5),
  deep: weight(3, 3, 2, 2),
  channel: weight(3),
  perChannel: weight(3, 1, 1),
  matrix: weight(3, 3),
  double: float32Tensor([4], [1, 1, 2, 2]),
  half: float32Tensor([4], [1, 1, 0.5, 0.5]),
  none: float32Tensor([0], []),
  flat: int64Tensor([3], [0, 0, -1]),
  groups: int64Tensor([3], [0, 3, -1]),
  axis1: int64Tensor([1], [1]),
  axis2: int64Tensor([1], [2]),
  fixed: int64Tensor([4], [1, 3, 16, 16]),
  unit: float32Tensor([3], [1, 1, 1]),
  pads: int64Tensor([8], [0, 0, 1, 1, 0, 0, 1, 1]),
  cell: int64Tensor([8], [0, 0, 0, 0, 0, 0, -2, -2]),
  zero: int64Tensor([2], [0, 0]),
  end: int64Tensor([2], [2 ** 31 - 1, 2 ** 31 - 1]),
  ten: int64Tensor([2], [10, 10]),
  space: int64Tensor([2], [2, 3]),
  by2: int64Tensor([2], [2, 2]),
};

const space = { strides: ints([1, 1]), pads: ints([1, 1, 1, 1]) };
const halving = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };

function netOf(nodes: readonly Node[], opset = 17): Model {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const shape = ['N', 3, 'H', 'W'];
  const model = handmade({
    nodes,
    inputs: [{ name: 'x', type: { dtype: 'float32', shape } }],
    outputs: [
      { name: nodes.at(-1)?.outputs[0] ?? '', type: { dtype: 'float32', shape: ['N', 'C', 'h', 'w'] } },
    ],
    initializers: new Map(Object.entries(WEIGHTS).filter(([name]) => read.has(name))),
  });
  return {
    ...model,
    opsets: new Map([
      ['', opset],
      ['org.example', 1],
    ]),
  };
}

/** Nodes `a0`, `a1`, ... one behind the other. */
const chain = (...steps: readonly Step[]): readonly Node[] =>
  steps.map(([opType, weights = [], attributes], at) =>
    node(opType, [at === 0 ? 'x' : `a${at - 1}`, ...weights], [`a${at}`], attributes),
  );
const net = (...steps: readonly Step[]) => netOf(chain(...steps));

/** Adds the first value of a chain to the last, under the name `y`. */
const joined = (nodes: readonly Node[], op = 'Add') => [
  ...nodes,
  node(op, ['a0', nodes.at(-1)?.outputs[0] ?? ''], ['y'], op === 'Concat' ? { axis: int(1) } : {}),
];

const conv: Step = ['Conv', ['three'], space];
const pool: Step = ['MaxPool', [], halving];
const linear = { mode: string('linear'), coordinate_transformation_mode: string('half_pixel') };
const up: Step = ['Resize', ['none', 'double'], linear];
/** The sizes of `x` as a value `sizes`. */
const sizes = node('Shape', ['x'], ['sizes']);
const toSizes = (from: string, mode: string) =>
  node('Resize', [from, '', '', 'sizes'], ['up'], {
    mode: string(mode),
    coordinate_transformation_mode: string('half_pixel'),
  });

describe('a network that looks so many pixels far', () => {
  const local: readonly (readonly [string, Model, number])[] = [
    ['a convolution', net(conv), 1],
    [
      'what it is taken apart to',
      net(['Conv', ['three'], { pads: ints([2, 2, 2, 2]), dilations: ints([2, 2]) }]),
      2,
    ],
    ['padding of its own', net(['Pad', ['pads']], ['Conv', ['three']]), 1],
    ['padding as sizes ask for', net(['Conv', ['five'], { auto_pad: string('SAME_UPPER') }]), 4],
    ['two levels', netOf(joined(chain(conv, pool, conv, up))), 6],
    ['two levels, joined', netOf(joined(chain(conv, pool, conv, up), 'Concat')), 6],
    [
      'nearest neighbours',
      netOf(joined(chain(conv, pool, conv, ['Resize', ['none', 'double'], { mode: string('nearest') }]))),
      6,
    ],
    [
      'cubic',
      netOf(joined(chain(conv, pool, conv, ['Resize', ['none', 'double'], { mode: string('cubic') }]))),
      8,
    ],
    [
      'a transposed convolution',
      netOf(
        joined(
          chain(conv, ['AveragePool', [], halving], ['ConvTranspose', ['deep'], { strides: ints([2, 2]) }]),
        ),
      ),
      2,
    ],
    [
      'a level of a size that is computed',
      netOf([...chain(conv, pool, conv), sizes, toSizes('a2', 'linear'), node('Add', ['a0', 'up'], ['y'])]),
      6,
    ],
    [
      'channels into space and back',
      net(['SpaceToDepth', [], { blocksize: int(2) }], ['DepthToSpace', [], { blocksize: int(2) }], conv),
      2,
    ],
    ['every second pixel', netOf(joined(chain(conv, ['Slice', ['zero', 'end', 'space', 'by2']], up))), 4],
    [
      'statistics of channels',
      net(conv, ['ReduceMean', [], { axes: ints([1]) }], ['Mul', ['perChannel']]),
      1,
    ],
    ['softmax over channels', net(conv, ['Softmax', [], { axis: int(1) }]), 1],
    ['a trained BatchNorm', net(conv, ['BatchNormalization', ['channel', 'channel', 'channel', 'unit']]), 1],
    [
      'LayerNorm of channels',
      net(
        conv,
        ['Transpose', [], { perm: ints([0, 2, 3, 1]) }],
        ['LayerNormalization', ['channel']],
        ['Transpose', [], { perm: ints([0, 3, 1, 2]) }],
      ),
      1,
    ],
    [
      'products over channels, of rows of pixels',
      netOf([
        ...chain(conv, ['Reshape', ['flat']]),
        node('MatMul', ['matrix', 'a1'], ['m']),
        sizes,
        node('Reshape', ['m', 'sizes'], ['y']),
      ]),
      1,
    ],
    [
      'operators whose shapes are not inferred',
      netOf([
        ...chain(conv, ['PRelu', ['perChannel']], ['Softplus'], ['Reshape', ['flat']]),
        node('MatMul', ['matrix', 'a3'], ['m']),
        sizes,
        node('Reshape', ['m', 'sizes'], ['y']),
      ]),
      1,
    ],
  ];

  it.each(local)('%s', async (_, model, pixels) => {
    expect(reachOf(model, 16)).toEqual({ pixels });
    // Nothing else of the output changes with a pixel of the image.
    const [height, width] = [48, 64];
    const image = (value: number) => {
      const data = new Float32Array(3 * height * width).map((_, i) => Math.sin(i));
      for (const plane of [0, 1, 2]) data[(plane * height + 21) * width + 30] = value;
      return { x: { dims: [1, 3, height, width], data } };
    };
    const [output = ''] = model.graph.outputs.map(({ name }) => name);
    const [before, after] = [await run(model, image(0)), await run(model, image(50))];
    const [a, b] = [before[output]?.data ?? [], after[output]?.data ?? []];
    const far = a.flatMap((value, at) => {
      const [row, column] = [Math.floor(at / width) % height, at % width];
      return value === b[at] ? [] : [Math.max(Math.abs(row - 21), Math.abs(column - 30))];
    });
    expect(far.length).toBeGreaterThan(0);
    expect(Math.max(...far)).toBeLessThanOrEqual(pixels);
  });
});

describe('a network that does not', () => {
  const gap: Step = ['GlobalAveragePool'];
  const whole: readonly (readonly [string, Model])[] = [
    ['InstanceNormalization', net(conv, ['InstanceNormalization', ['channel', 'channel']])],
    ['GlobalAveragePool', netOf(joined(chain(conv, gap, ['Conv', ['one']], ['Sigmoid']), 'Mul'))],
    ['GlobalMaxPool', netOf(joined(chain(conv, ['GlobalMaxPool']), 'Mul'))],
    ['ReduceMean', netOf(joined(chain(conv, ['ReduceMean', [], { axes: ints([2, 3]) }]), 'Mul'))],
    ['ReduceMax', netOf(joined(chain(conv, ['ReduceMax']), 'Div'))],
    ['ReduceL2', netOf(joined(chain(conv, ['ReduceL2', [], { axes: ints([-1]) }]), 'Div'))],
    ['ReduceSum', netOf(joined(chain(conv, ['ReduceSum', ['axis2']]), 'Div'))],
    ['Softmax', net(conv, ['Softmax', [], { axis: int(3) }])],
    ['Softmax', netOf(chain(conv, ['Softmax', [], { axis: int(1) }]), 11)],
    ['LpNormalization', net(conv, ['LpNormalization', [], { axis: int(2) }])],
    ['MeanVarianceNormalization', net(conv, ['MeanVarianceNormalization'])],
    [
      'BatchNormalization',
      net(conv, ['BatchNormalization', ['channel', 'channel', 'channel', 'unit'], { training_mode: int(1) }]),
    ],
    [
      'Resize',
      netOf([
        ...chain(conv),
        node('Resize', ['a0', '', '', 'fixed'], ['r']),
        sizes,
        toSizes('r', 'linear'),
        node('Add', ['a0', 'up'], ['y']),
      ]),
    ],
    [
      'InstanceNormalization',
      netOf([
        ...chain(conv, ['Reshape', ['groups']], ['InstanceNormalization', ['channel', 'channel']]),
        sizes,
        node('Reshape', ['a2', 'sizes'], ['y']),
      ]),
    ],
    [
      'MatMul',
      netOf([
        ...chain(conv, ['Reshape', ['flat']]),
        node('Transpose', ['a1'], ['t'], { perm: ints([0, 2, 1]) }),
        node('MatMul', ['a1', 't'], ['m']),
        node('MatMul', ['m', 'a1'], ['v']),
        sizes,
        node('Reshape', ['v', 'sizes'], ['y']),
      ]),
    ],
    [
      'Slice',
      netOf(
        joined(
          chain(conv, ['Slice', ['zero', 'ten', 'space']], ['ReduceMean', [], { axes: ints([2, 3]) }]),
          'Mul',
        ),
      ),
    ],
    ['TopK', netOf(chain(conv, ['TopK', ['axis1']]))],
    ['CumSum', netOf(chain(conv, ['CumSum', ['axis2']]))],
    [
      'DynamicQuantizeLinear',
      netOf([
        ...chain(conv),
        node('DynamicQuantizeLinear', ['a0'], ['q', 's', 'z']),
        node('DequantizeLinear', ['q', 's', 'z'], ['y']),
      ]),
    ],
  ];
  it.each(whole)('since %s looks at all', (opType, model) => {
    expect(reachOf(model, 16)).toEqual({
      why: expect.stringMatching(`^node '.*' \\(${opType}\\) looks at the whole image$`),
    });
  });

  it('since it depends on the size of the image, or on places in it', () => {
    const size = (opType: string) => ({
      why: expect.stringMatching(`^what node '.*' \\(${opType}\\) gives depends on the size of the image$`),
    });
    const corners = { ...linear, coordinate_transformation_mode: string('align_corners') };
    expect(reachOf(netOf(joined(chain(conv, pool, ['Resize', ['none', 'double'], corners]))), 16)).toEqual(
      size('Resize'),
    );
    const counted = [
      ...chain(conv),
      node('Size', ['x'], ['n']),
      node('Cast', ['n'], ['f'], { to: int(1) }),
      node('Div', ['a0', 'f'], ['y']),
    ];
    expect(reachOf(netOf(counted), 16)).toEqual(size('Div'));
    expect(reachOf(net(['Slice', ['zero', 'end', 'space']]), 16)).toEqual({ pixels: 0 });
    const late = [...chain(conv), node('Slice', ['a0', 'late', 'end', 'space'], ['y'])];
    const model = netOf(late);
    const initializers = new Map([
      ...model.graph.initializers,
      ['late', int64Tensor([2], [-8, -8])] as const,
    ]);
    expect(reachOf({ ...model, graph: { ...model.graph, initializers } }, 16)).toEqual(size('Slice'));
  });

  it('as far as is known', () => {
    const unknown = (opType: string) => ({
      why: expect.stringMatching(`^how far node '.*' \\(${opType}\\) looks is not known$`),
    });
    const custom = { ...node('Blur', ['a0'], ['y']), domain: 'org.example' };
    expect(reachOf(netOf([...chain(conv), custom]), 16)).toEqual(unknown('org.example.Blur'));
    const branch: Attribute = { type: 'subgraph', bytes: new Uint8Array() };
    const nested = node('If', ['condition'], ['y'], { then_branch: branch });
    expect(reachOf(netOf([...chain(conv), nested]), 16)).toEqual(unknown('If'));
    expect(reachOf(net(conv, ['Einsum', [], { equation: string('nchw->nchw') }]), 16)).toEqual(
      unknown('Einsum'),
    );
    const rolled = [...chain(conv), node('Concat', ['a0', 'x'], ['y'], { axis: int(2) })];
    expect(reachOf(netOf(rolled), 16)).toEqual(unknown('Concat'));
  });

  it('since it counts or sums what is filled in the size of the image, which an element alone does not tell', () => {
    const filled = [node('Shape', ['x'], ['sizes']), node('ConstantOfShape', ['sizes'], ['ones'])];
    const counted = (...nodes: readonly Node[]) =>
      reachOf(netOf([...filled, ...nodes, node('Add', ['x', nodes.at(-1)?.outputs[0] ?? ''], ['y'])]), 16);
    const cause = { why: "what node 'y' (Add) gives depends on the size of the image" };
    expect(counted(node('CumSum', ['ones', 'axis1'], ['places']))).toEqual(cause);
    expect(counted(node('ReduceSum', ['ones', 'axis2'], ['sum']))).toEqual(cause);
    expect(counted(node('Neg', ['ones'], ['same']))).toEqual({ pixels: 0 });
  });

  it('since its padding wraps around', () => {
    const wrap: Step = ['Pad', ['pads'], { mode: string('wrap') }];
    expect(reachOf(netOf(chain(wrap), 19), 16)).toMatchObject({ why: expect.stringContaining('Pad') });
  });

  it('since it computes with places, also where no two values meet element by element', () => {
    const places = [
      node('Shape', ['x'], ['sizes']),
      node('RandomNormalLike', ['x'], ['noise']),
      node('Concat', ['x', 'noise'], ['both'], { axis: int(1) }),
      node('Relu', ['both'], ['y']),
    ];
    expect(reachOf(netOf(places), 16)).toEqual({
      why: "what node 'both' (Concat) gives depends on the size of the image",
    });
  });

  it('but over channels: that is no whole image', () => {
    expect(reachOf(net(conv, ['TopK', ['axis1'], { axis: int(1) }]), 16)).toEqual({ pixels: 1 });
    expect(reachOf(net(conv, ['CumSum', ['axis1']]), 16)).toEqual({ pixels: 1 });
    expect(reachOf(net(conv, ['LpNormalization', [], { axis: int(1) }]), 16)).toEqual({ pixels: 1 });
    expect(reachOf(net(conv, ['ReduceMax', [], { axes: ints([-3]) }]), 16)).toEqual({ pixels: 1 });
  });

  it('in a branch that its output does not need: that does not count', () => {
    const nodes = [
      ...chain(conv),
      node('GlobalAveragePool', ['a0'], ['unused']),
      node('Relu', ['a0'], ['y']),
    ];
    expect(reachOf(netOf(nodes), 16)).toEqual({ pixels: 1 });
  });

  it('for strides that tiles would not begin at', () => {
    const model = net(conv, pool, pool, up, up);
    expect(reachOf(model, 4)).toHaveProperty('pixels');
    expect(reachOf(model, 2)).toEqual({
      why: 'its strides need multiples of 4, images are padded to multiples of 2',
    });
  });

  it('for images of one size', () => {
    const model = net(conv);
    const inputs = [{ name: 'x', type: { dtype: 'float32', shape: [1, 3, 32, 32] } }] as const;
    expect(reachOf({ ...model, graph: { ...model.graph, inputs } }, 16)).toEqual({
      why: 'it is for images of one size',
    });
  });
});

describe('the metadata', () => {
  const recipe = (sizing: object) =>
    new Map([['nmode.recipe', JSON.stringify({ normalization: { kind: 'unit' }, sizing })]]);
  const told = (model: Model) => withReceptiveField(model).metadata.get('nmode.receptive_field');

  it('tells it of networks whose images keep their own size', () => {
    const [local, global] = [net(conv), net(conv, ['InstanceNormalization', ['channel', 'channel']])];
    const pad = recipe({ kind: 'pad', multiple: 16 });
    expect(told({ ...local, metadata: pad })).toBe('3');
    expect(told({ ...global, metadata: pad })).toBe('global');
    expect(told({ ...local, metadata: recipe({ kind: 'resize', height: 64, width: 64 }) })).toBeUndefined();
    expect(told(local)).toBeUndefined();
    expect(told({ ...local, metadata: new Map([['nmode.recipe', '{']]) })).toBeUndefined();
  });

  it('is read where no graph is', () => {
    const read = (text?: string) =>
      statedReach(new Map(text === undefined ? [] : [['nmode.receptive_field', text]]));
    expect(read('205')).toEqual({ pixels: 102 });
    expect(read('global')).toEqual({ why: 'the network looks at the whole image' });
    for (const text of [undefined, '-3', 'x', '1e99']) {
      expect(read(text)).toEqual({ why: expect.stringMatching(/^how far the network looks is not known/) });
    }
  });
});
