import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { at } from '../../graph/common/at.js';
import { parseModel } from '../../graph/file/read.js';
import { encodeModel } from '../../graph/file/write.js';
import { type Attribute, float, int, ints, string } from '../../graph/ir/attribute.js';
import type { Model, Node, ValueInfo } from '../../graph/ir/model.js';
import { float32Tensor, int64Tensor, type Tensor } from '../../graph/ir/tensor.js';
import { graft, inspect, optimizeModel, proposeSkips, Segmenter } from '../../src/index.js';
import { fixture } from '../support/fixtures.js';
import { handmade, node } from '../support/graph.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-styles-'));
afterAll(() => rmSync(folder, { recursive: true }));
const photograph = fixture('images', 'ISIC_0000082.jpg');
const images = join(folder, 'images');
mkdirSync(images);
cpSync(photograph, join(images, 'one.jpg'));
const recipe = { normalization: { kind: 'unit' } } as const;

const SIDE = 32;
const info = (name: string, ...shape: (number | string)[]): ValueInfo => ({
  name,
  type: { dtype: 'float32', shape },
});

let seed = 0;
/** Small weights of both signs, the same in every run. */
function weights(dims: readonly number[], scale = 1): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const fan = dims.slice(1).reduce((a, b) => a * b, 1);
  seed++;
  return float32Tensor(
    dims,
    Array.from({ length: count }, (_, i) => (Math.sin(seed * 12.9 + i * 78.233) * scale) / Math.sqrt(fan)),
  );
}

interface Network {
  readonly nodes: readonly Node[];
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** A U-Net of two levels, in the words of opset 9: pools, convolutions with BatchNormalization, Upsample, a head of two classes. */
function unet(
  activation: (x: string, y: string, channels: number) => readonly Node[],
  isDepthwise: boolean,
): Network {
  seed = 0;
  const held = new Map<string, Tensor>();
  const nodes: Node[] = [];
  const weight = (name: string, tensor: Tensor) => {
    held.set(name, tensor);
    return name;
  };
  const convolution = (x: string, y: string, from: number, to: number, side: number, group = 1) => {
    const kernel = weight(`${y}.w`, weights([to, from / group, side, side]));
    const pads = Array(4).fill((side - 1) / 2);
    const sizes = { kernel_shape: ints([side, side]), strides: ints([1, 1]), dilations: ints([1, 1]) };
    nodes.push(node('Conv', [x, kernel], [y], { ...sizes, pads: ints(pads), group: int(group) }));
  };
  const layer = (x: string, y: string, from: number, to: number) => {
    if (isDepthwise && from > 3) {
      convolution(x, `${y}_d`, from, from, 3, from);
      convolution(`${y}_d`, `${y}_c`, from, to, 1);
    } else convolution(x, `${y}_c`, from, to, 3);
    const statistics = [1, 0.2, 0.1, 1].map((base, place) =>
      weight(
        `${y}.bn${place}`,
        float32Tensor(
          [to],
          Array.from({ length: to }, (_, i) => base + 0.3 * Math.abs(Math.sin(i + place))),
        ),
      ),
    );
    nodes.push(node('BatchNormalization', [`${y}_c`, ...statistics], [`${y}_n`], { epsilon: float(1e-5) }));
    nodes.push(...activation(`${y}_n`, y, to));
  };
  const half = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
  layer('x', 'a', 3, 8);
  nodes.push(node('MaxPool', ['a'], ['a2'], half));
  layer('a2', 'b', 8, 16);
  nodes.push(node('MaxPool', ['b'], ['b2'], half));
  layer('b2', 'c', 16, 16);
  weight('scales', float32Tensor([4], [1, 1, 2, 2]));
  nodes.push(node('Upsample', ['c', 'scales'], ['u'], { mode: string('nearest') }));
  nodes.push(node('Concat', ['u', 'b'], ['ub'], { axis: int(1) }));
  layer('ub', 'd', 32, 16);
  nodes.push(node('Upsample', ['d', 'scales'], ['v'], { mode: string('linear') }));
  nodes.push(node('Concat', ['v', 'a'], ['va'], { axis: int(1) }));
  layer('va', 'e', 24, 8);
  convolution('e', 'logits', 8, 2, 1);
  nodes.push(node('Sigmoid', ['logits'], ['y']));
  for (const channels of [8, 16])
    weight(`slope${channels}`, float32Tensor([channels, 1, 1], Array(channels).fill(0.25)));
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return { nodes, weights: new Map([...held].filter(([name]) => used.has(name))) };
}

const NETWORKS: Readonly<Record<string, () => Network>> = {
  'U-Net': () => unet((x, y) => [node('Relu', [x], [y])], false),
  'MobileNet U-Net': () => unet((x, y) => [node('Clip', [x], [y], { min: float(0), max: float(6) })], true),
  'PRelu U-Net': () => unet((x, y, channels) => [node('PRelu', [x, `slope${channels}`], [y])], false),
};

const ports = { inputs: [info('x', 1, 3, SIDE, SIDE)], outputs: [info('y', 1, 2, SIDE, SIDE)] };
const constant = (name: string, value: Tensor): Node =>
  node('Constant', [], [name], { value: { type: 'tensor', value } });
const of = (graph: Parameters<typeof handmade>[0], opset: number, irVersion: number): Model => ({
  ...handmade({ ...ports, ...graph }),
  irVersion,
  opsets: new Map([['', opset]]),
});

/** Nodes in the words of opset 11 or 13: limits are inputs, Upsample is Resize. */
function newer({ nodes, weights: own }: Network, roi: string) {
  const initializers = new Map([...own, ['low', float32Tensor([], [0])], ['high', float32Tensor([], [6])]]);
  const modern = nodes.map((each): Node => {
    const [x = ''] = each.inputs;
    if (each.opType === 'Clip') return { ...each, inputs: [x, 'low', 'high'], attributes: new Map() };
    if (each.opType !== 'Upsample') return each;
    const placed = { coordinate_transformation_mode: string('asymmetric'), nearest_mode: string('floor') };
    return {
      ...each,
      opType: 'Resize',
      inputs: [x, roi, 'scales'],
      attributes: new Map([...each.attributes, ...Object.entries(placed)]),
    };
  });
  return { nodes: modern, initializers };
}

/** How exporters write one and the same network. */
const STYLES: Readonly<Record<string, (network: Network) => Model>> = {
  // torch/onnx/utils.py, _export: keep_initializers_as_inputs is the default below IR version 4.
  'PyTorch, opset 9': ({ nodes, weights: own }) => {
    const inputs = [...ports.inputs, ...[...own].map(([name, { dims }]) => info(name, ...dims))];
    return of({ nodes, initializers: own, inputs }, 9, 3);
  },
  // torch/onnx/symbolic_opset11.py, upsample: an empty constant for the region.
  'PyTorch, opset 11': (network) => {
    const { nodes, initializers } = newer(network, 'roi');
    return of({ nodes: [constant('roi', float32Tensor([0], [])), ...nodes], initializers }, 11, 6);
  },
  // torch/onnx/_internal/exporter/_core.py: opset 18, and what it names by numbers.
  'PyTorch, opset 18': (network) => of(newer(network, ''), 18, 10),
  // paddle2onnx/mapper/onnx_helper.cc, MakeConstant: tensors with names in Constant nodes; opset 11 and IR version 6 by default.
  paddle2onnx: (network) => {
    const { nodes, initializers } = newer(network, 'roi');
    const named = (value: Tensor, name: string): Attribute => ({
      type: 'tensor',
      value,
      whole: wholeOf(name, value),
    });
    const constants = [...initializers, ['roi', float32Tensor([0], [])] as const].map(([name, value]) =>
      node('Constant', [], [name], { value: named(value, name) }),
    );
    return of({ nodes: [...constants, ...nodes] }, 11, 6);
  },
  // tf2onnx/rewriter and optimizer/transpose_optimizer.py: NHWC at the ends, NCHW between.
  tf2onnx: (network) => {
    const { nodes, initializers } = newer(network, '');
    const renamed = nodes.map((each) => ({
      ...each,
      name: `net/${each.name}`,
      inputs: each.inputs.map((name) => (name === 'x' ? 'x:0' : name)),
      outputs: each.outputs.map((name) => (name === 'y' ? 'y:0' : name)),
    }));
    return of(
      {
        nodes: [
          node('Transpose', ['x'], ['x:0'], { perm: ints([0, 3, 1, 2]) }),
          ...renamed,
          node('Transpose', ['y:0'], ['y'], { perm: ints([0, 2, 3, 1]) }),
        ],
        initializers,
        inputs: [info('x', 1, SIDE, SIDE, 3)],
        outputs: [info('y', 1, SIDE, SIDE, 2)],
      },
      13,
      7,
    );
  },
  // keras2onnx/topology.py: opset 10, names of layers and a batch that is open.
  keras2onnx: ({ nodes, weights: own }) => {
    const older = nodes.map((each) => (each.opType === 'Upsample' ? { ...each, opType: 'Resize' } : each));
    return of(
      {
        nodes: older,
        initializers: own,
        inputs: [info('x', 'N', 3, SIDE, SIDE)],
        outputs: [info('y', 'N', 2, SIDE, SIDE)],
      },
      10,
      5,
    );
  },
  // onnxsim/onnxsim.cpp: constants become initializers, an empty one without raw_data among them.
  onnxsim: (network) => {
    const { nodes, initializers } = newer(network, 'roi');
    return of({ nodes, initializers: new Map([...initializers, ['roi', float32Tensor([0], [])]]) }, 13, 7);
  },
  // onnxslim/core/pattern: as PyTorch writes it at 17, sizes in place of scales.
  onnxslim: (network) => {
    const { nodes, initializers } = newer(network, '');
    let level = SIDE / 4;
    const sized = nodes.map((each): Node => {
      if (each.opType !== 'Resize') return each;
      level *= 2;
      initializers.set(`size${level}`, int64Tensor([4], [1, 16, level, level]));
      return { ...each, inputs: [each.inputs[0] ?? '', '', '', `size${level}`] };
    });
    initializers.delete('scales');
    return of({ nodes: sized, initializers }, 17, 8);
  },
};

/** An AttributeProto as paddle2onnx writes it: its tensor has the name of the node's output. */
function wholeOf(name: string, { dims, bytes }: Tensor): Uint8Array {
  const field = (id: number, value: Uint8Array | string) => {
    const data = Buffer.from(value);
    return Buffer.concat([Buffer.from([...varint((id << 3) | 2), ...varint(data.length)]), data]);
  };
  const sizes = dims.map((size) => Buffer.from([8, ...varint(size)]));
  const tensor = Buffer.concat([...sizes, Buffer.from([16, 1]), field(8, name), field(9, bytes())]);
  return Buffer.concat([field(1, 'value'), field(5, tensor), Buffer.from([0xa0, 1, 4])]);
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];

const output = join(folder, 'out.onnx');

async function masksOf(model: string): Promise<readonly number[]> {
  await using segmenter = await Segmenter.load(model, { recipe, threads: 1 });
  const { probabilities } = await segmenter.segment(photograph, { probabilities: true });
  return Array.from(probabilities?.data ?? []);
}

function differenceOf(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.NaN;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - at(b, i))), 0);
}

describe.each(Object.keys(NETWORKS))('%s', (networkName) => {
  const network = NETWORKS[networkName]?.() as Network;
  let first: readonly number[] | undefined;
  let parameters: number | undefined;

  it.each(Object.keys(STYLES))('as %s writes it', async (style) => {
    const file = join(folder, `${style.replaceAll(/\W/g, '')}.onnx`);
    writeFileSync(file, encodeModel(STYLES[style]?.(network) as Model));
    const report = await inspect(file);
    parameters ??= report.parameters;
    expect([report.parameters, report.macs === undefined]).toEqual([parameters, false]);
    const { skips } = await proposeSkips(file);
    expect(skips.map(({ scale }) => scale)).toEqual([1, 2, 4]);
    const wanted = await masksOf(file);
    first ??= wanted;
    expect(differenceOf(wanted, first)).toBeLessThan(1e-5);
    const rewritten = await optimizeModel({ model: file, output, images, recipe });
    expect(rewritten).not.toHaveProperty('unlifted');
    expect(rewritten.changes['BatchNorm folding']).toBe(5);
    expect(rewritten.difference?.outputs).toMatchObject([{ kind: 'mask' }]);
    expect(differenceOf(await masksOf(output), wanted)).toBeLessThan(1e-5);
    const names = skips.map(({ tensor }) => tensor);
    const grafted = await graft({ model: file, output, skips: names, init: true, decoder: 'eed', recipe });
    expect(grafted).toMatchObject({ decoder: 'eed', skips: names.map((tensor) => ({ tensor })) });
    for (const options of [
      { precision: 'fp16' },
      { precision: 'int8-weights' },
      { precision: 'int8', calibrate: images },
    ] as const) {
      // None of its convolutions has the 1024 weights that are worth a scale for each channel.
      if (networkName === 'MobileNet U-Net' && options.precision === 'int8-weights') continue;
      // Of the others one style tells as much.
      if (networkName !== 'U-Net' && style !== 'paddle2onnx') continue;
      const lowered = await optimizeModel({ model: file, output, images, recipe, maxDscDrop: 1, ...options });
      expect(lowered.precision).toBe(options.precision);
      expect(parseModel(readFileSync(output), 'out').graph.nodes.length).toBeGreaterThan(0);
    }
  });
});
