import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import proto from 'onnx-proto';
import { graftDecoder, planGraft } from '../../../exporters/grafting/graft.js';
import { featureMapFaults } from '../../../graph/analysis/feature-maps.js';
import { encodeModel } from '../../../graph/file/write.js';
import { type Attribute, int, ints } from '../../../graph/ir/attribute.js';
import type { Model, Node } from '../../../graph/ir/model.js';
import { float32Tensor, int64Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { proposeSkips } from '../../../src/api/skips.js';
import { measure } from '../../../src/measuring/measure.js';
import { handmade, node, zeros } from '../../support/graph.js';
import { minimal } from '../../support/onnx-files.js';

const weights: Readonly<Record<string, Tensor>> = {
  w1: zeros([8, 3, 3, 3]),
  w2: zeros([16, 8, 3, 3]),
  up: zeros([16, 8, 2, 2]),
  wm: zeros([1, 8, 1, 1]),
  grid: zeros([1, 8, 64, 64]),
  mean: float32Tensor([1, 3, 1, 1], [0.4, 0.4, 0.4]),
  kernel: zeros([16, 8, 1, 1]),
  scaling: zeros([3, 1, 1, 1]),
  square: int64Tensor([4], [1, 16, 64, 64]),
  rows: int64Tensor([3], [1, 8, 4096]),
  narrow: zeros([1, 16, 1, 1]),
  long: int64Tensor([4], [1, 32768, 1, 1]),
  pixels: int64Tensor([4], [1, 1, 4096, 8]),
  back: int64Tensor([4], [1, 8, 64, 64]),
  kernels: int64Tensor([4], [16, 1, 1, 1]),
  perPixel: int64Tensor([4], [1, 64, 64, 8]),
};

const pads = { pads: ints([1, 1, 1, 1]) };
const halving = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
const perm = (...order: number[]) => ({ perm: ints(order) });

/** A small U-Net: features `a` at scale 1 and `c` at scale 2, logits `logits`, mask `mask`. */
const unet: readonly Node[] = [
  node('Sub', ['x', 'mean'], ['centred']),
  node('Conv', ['centred', 'w1'], ['before'], pads),
  node('Relu', ['before'], ['a']),
  node('MaxPool', ['a'], ['b'], halving),
  node('Conv', ['b', 'w2'], ['c'], pads),
  node('ConvTranspose', ['c', 'up'], ['d'], { strides: ints([2, 2]) }),
  node('Add', ['a', 'd'], ['e']),
  node('Conv', ['e', 'wm'], ['logits']),
  node('Sigmoid', ['logits'], ['mask']),
];

interface Shape {
  readonly outputs?: readonly string[];
  readonly image?: readonly (number | string)[];
}

/** The U-Net with further nodes, what some of them give added to `e` or put in the place of it. */
function modelOf(
  more: readonly Node[] = [],
  { outputs = ['mask'], image = [1, 3, 64, 64] }: Shape = {},
): Model {
  const nodes = [
    ...more.filter(({ outputs: [name] }) => name === 'k'),
    ...unet,
    ...more.filter(({ outputs: [name] }) => name !== 'k'),
  ];
  const model = handmade({
    nodes,
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: image } }],
    outputs: outputs.map((name) => ({ name, type: { dtype: 'float32', shape: ['n', 'c', 'h', 'w'] } })),
    initializers: new Map(Object.entries(weights)),
  });
  return {
    ...model,
    opsets: new Map([
      ['', 17],
      ['org.example', 1],
    ]),
  };
}

const graft = (model: Model, ...skips: string[]) =>
  graftDecoder(model, undefined, planGraft({ decoder: 'eed', skips }), measure);

/** Nodes whose last value an output needs: it is added to the mask's logits through a mean. */
const used = (...nodes: readonly Node[]): Model => {
  const last = nodes.at(-1)?.outputs[0] ?? '';
  return modelOf(
    [
      ...nodes,
      node('ReduceMean', [last], ['m'], { axes: ints([-2, -1]) }),
      node('Conv', ['a', 'kernel'], ['z']),
    ],
    {
      outputs: ['mask', 'm'],
    },
  );
};

describe('a skip', () => {
  it('is a feature map between the image and an output', async () => {
    const { skips } = await graft(modelOf(), 'a', 'c');
    expect(skips).toEqual([
      { tensor: 'a', channels: 8, scale: 1 },
      { tensor: 'c', channels: 16, scale: 2 },
    ]);
    for (const skips of [['before', 'b'], ['a', 'e'], ['d']]) {
      await expect(graft(modelOf(), ...skips)).resolves.toHaveProperty('skips.length', skips.length);
    }
  });

  const branch: Attribute = { type: 'other', bytes: new Uint8Array() };
  const refused: readonly (readonly [string, string, Model, string])[] = [
    ['the image', 'x', modelOf(), 'is the image itself'],
    ['the image, normalised', 'centred', modelOf(), 'is the image prepared: no convolution lies between'],
    ['the image, copied', 'i', used(node('Identity', ['x'], ['i'])), 'is the image prepared'],
    ['the image, halved', 'i', used(node('AveragePool', ['x'], ['i'], halving)), 'is the image prepared'],
    [
      'the image with pixels in channels',
      'i',
      used(node('SpaceToDepth', ['x'], ['i'], { blocksize: int(2) })),
      'is the image prepared',
    ],
    [
      'the image, normalised by a convolution',
      'i',
      used(node('Conv', ['x', 'scaling'], ['i'], { group: int(3) })),
      'is the image prepared',
    ],
    [
      'a constant',
      'k',
      used(
        node('Constant', [], ['k'], { value: { type: 'tensor', value: zeros([1, 8, 64, 64]) } }),
        node('Add', ['a', 'k'], ['s']),
      ),
      'does not depend on the image',
    ],
    ['a weight', 'grid', modelOf(), 'does not depend on the image'],
    [
      'what is computed from constants',
      'k',
      used(node('Relu', ['grid'], ['k']), node('Add', ['a', 'k'], ['s'])),
      'does not depend on the image',
    ],
    [
      'what a size gives',
      'f',
      used(
        node('Shape', ['a'], ['s']),
        node('ConstantOfShape', ['s'], ['f']),
        node('Add', ['a', 'f'], ['t']),
      ),
      'does not depend on the image',
    ],
    ['an output', 'mask', modelOf(), 'is an output of the model'],
    [
      'logits',
      'logits',
      modelOf(),
      "is what the model gives as 'mask' already: no operator with weights lies between",
    ],
    [
      'a branch that leads nowhere',
      'z',
      modelOf([node('Conv', ['a', 'kernel'], ['z'])]),
      'leads to no output of the model',
    ],
    [
      'a pooled tensor',
      'g',
      used(node('GlobalAveragePool', ['c'], ['g']), node('Add', ['c', 'g'], ['s'])),
      'is the same for the whole image: it has no height and no width',
    ],
    [
      'a pooled tensor, expanded',
      'g',
      used(
        node('GlobalAveragePool', ['a'], ['p']),
        node('Expand', ['p', 'back'], ['g']),
        node('Add', ['a', 'g'], ['s']),
      ),
      'is the same for the whole image',
    ],
    [
      'channels last',
      'l',
      used(node('Transpose', ['a'], ['l'], perm(0, 2, 3, 1))),
      'has its channels last, expected [N, C, H, W]',
    ],
    [
      'height and width exchanged',
      't',
      used(node('Transpose', ['a'], ['t'], perm(0, 1, 3, 2))),
      'does not have the height and the width of the image as its last two axes',
    ],
    [
      'space among channels',
      'r',
      used(node('Reshape', ['a', 'long'], ['r'])),
      'has places of the image among its channels',
    ],
    [
      'pixels as rows',
      'p',
      used(
        node('Reshape', ['a', 'rows'], ['r']),
        node('Transpose', ['r'], ['t'], perm(0, 2, 1)),
        node('Reshape', ['t', 'pixels'], ['p']),
      ),
      'does not have the height and the width of the image as its last two axes',
    ],
    [
      'scores of attention',
      'q',
      used(
        node('Reshape', ['c', 'rows2'], ['r']),
        node('Transpose', ['r'], ['t'], perm(0, 1, 3, 2)),
        node('MatMul', ['t', 'r'], ['q']),
      ),
      'does not have the height and the width of the image as its last two axes',
    ],
    [
      'weights that are computed',
      'k2',
      used(node('GlobalAveragePool', ['c'], ['g']), node('Reshape', ['g', 'kernels'], ['k2'])),
      'is the same for the whole image',
    ],
  ];
  it.each(refused)('is not %s', async (_, tensor, model, why) => {
    const initializers = new Map([
      ...model.graph.initializers,
      ['rows2', int64Tensor([4], [1, 1, 16, 1024])],
    ]);
    const whole = { ...model, graph: { ...model.graph, initializers } };
    await expect(graft(whole, tensor)).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining(`tensor '${tensor}' ${why}`),
    });
    expect(featureMapFaults(whole)(tensor)).toContain(why);
  });

  it('has a known number of channels', async () => {
    const custom = { ...node('Blur', ['a'], ['y']), domain: 'org.example' };
    const { graph, ...model } = used(custom, node('Relu', ['y'], ['z2']));
    const shape = [1, 'many', 64, 64];
    const valueInfo = [{ name: 'y', type: { dtype: 'float32', shape } }] as const;
    await expect(graft({ ...model, graph: { ...graph, valueInfo } }, 'y')).rejects.toThrow(
      /^tensor 'y' is float32 \[1, many, 64, 64\], expected a known number of channels/,
    );
  });

  it('is judged alike where sizes are open', () => {
    const faultOf = featureMapFaults(modelOf([], { image: ['N', 3, 'H', 'W'] }));
    expect(['a', 'b', 'c', 'd', 'e'].map(faultOf)).toEqual(Array(5).fill(undefined));
    for (const tensor of ['x', 'centred', 'mean', 'logits', 'mask']) expect(faultOf(tensor)).toMatch(/./);
  });

  it('may be behind an operator that is not known, of whatever layout', () => {
    const custom = { ...node('Blur', ['a'], ['y']), domain: 'org.example' };
    const nested = node('If', ['condition'], ['z'], { then_branch: branch });
    const faultOf = featureMapFaults(used(custom, nested, node('Add', ['y', 'z'], ['s'])));
    expect([faultOf('y'), faultOf('z')]).toEqual([undefined, undefined]);
  });

  it('may be an output of an encoder: one of several resolutions, or a coarse and wide one', async () => {
    const pyramid = modelOf([], { outputs: ['a', 'c'] });
    expect((await graft(pyramid, 'a', 'c')).skips).toHaveLength(2);
    const deep = [node('MaxPool', ['c'], ['p'], { kernel_shape: ints([4, 4]), strides: ints([4, 4]) })];
    expect(featureMapFaults(modelOf(deep, { outputs: ['p'] }))('p')).toBeUndefined();
    const heads = modelOf([node('Conv', ['c', 'narrow'], ['side'])], { outputs: ['mask', 'side'] });
    expect(featureMapFaults(heads)('mask')).toBe('is an output of the model');
  });

  it('is named once', async () => {
    await expect(graft(modelOf(), 'a', 'c', 'a')).rejects.toThrow(
      "tensor 'a' is named twice: each step takes one of its own",
    );
  });
});

describe('what is proposed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nmode-skips-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const proposed = async (bytes: Uint8Array) => {
    const file = join(folder, 'model.onnx');
    writeFileSync(file, bytes);
    return (await proposeSkips(file)).skips.map(({ tensor }) => tensor);
  };

  it('holds nothing that would be refused', async () => {
    expect(await proposed(encodeModel(modelOf()))).toEqual(['a', 'c']);
    // Deeper than any feature map: the image in quarters, and a constant of as many channels.
    const more = [
      node('AveragePool', ['x'], ['i'], { kernel_shape: ints([4, 4]), strides: ints([4, 4]) }),
      node('AveragePool', ['grid'], ['j'], { kernel_shape: ints([8, 8]), strides: ints([8, 8]) }),
      node('ReduceMean', ['i'], ['p'], { axes: ints([2, 3]) }),
      node('ReduceMean', ['j'], ['q'], { axes: ints([2, 3]) }),
    ];
    expect(await proposed(encodeModel(modelOf(more, { outputs: ['mask', 'p', 'q'] })))).toEqual(['a', 'c']);
    await expect(proposed(encodeModel(modelOf([], { outputs: ['centred'] })))).rejects.toThrow(
      /^model\.onnx: no feature map float32 \[N, C, H, W\] of a part of the image lies between it and an output$/,
    );
  });

  it('is found in a model with an empty tensor, as simplifiers write for the roi of a Resize', async () => {
    const tensorType = (...sizes: number[]) => ({
      tensorType: { elemType: 1, shape: { dim: sizes.map((dimValue) => ({ dimValue })) } },
    });
    const model = {
      ...minimal(),
      graph: {
        node: [
          {
            opType: 'Conv',
            input: ['x', 'w'],
            output: ['c'],
            attribute: [{ name: 'strides', type: 7, ints: [2, 2] }],
          },
          { opType: 'Resize', input: ['c', 'roi', 'scales'], output: ['r'] },
          { opType: 'Conv', input: ['r', 'v'], output: ['y'] },
        ],
        initializer: [
          { name: 'w', dims: [8, 3, 2, 2], dataType: 1, rawData: Buffer.alloc(4 * 96) },
          { name: 'v', dims: [1, 8, 1, 1], dataType: 1, rawData: Buffer.alloc(4 * 8) },
          { name: 'roi', dims: [0], dataType: 1 },
          { name: 'scales', dims: [4], dataType: 1, floatData: [1, 1, 2, 2] },
        ],
        input: [{ name: 'x', type: tensorType(1, 3, 64, 64) }],
        output: [{ name: 'y', type: tensorType(1, 1, 64, 64) }],
      },
    };
    expect(await proposed(proto.onnx.ModelProto.encode(model).finish())).toEqual(['c']);
  });
});
