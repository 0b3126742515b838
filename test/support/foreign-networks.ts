import { float, int, ints, string } from '../../graph/ir/attribute.js';
import type { Node } from '../../graph/ir/model.js';
import { float32Tensor, type Tensor } from '../../graph/ir/tensor.js';
import { node } from './graph.js';

/** Nodes from `x` to `y` in the words of opset 9, and what they take. */
export interface ForeignNetwork {
  readonly nodes: readonly Node[];
  readonly weights: ReadonlyMap<string, Tensor>;
}

let seed = 0;
/** Small weights of both signs, the same in every run. */
function kernel(dims: readonly number[]): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const fan = dims.slice(1).reduce((a, b) => a * b, 1);
  seed++;
  return float32Tensor(
    dims,
    Array.from({ length: count }, (_, i) => Math.sin(seed * 12.9 + i * 78.233) / Math.sqrt(fan)),
  );
}

/** A U-Net of two levels: pools, convolutions with BatchNormalization, Upsample, a head of two classes. */
function unet(
  activation: (x: string, y: string, channels: number) => readonly Node[],
  isDepthwise: boolean,
): ForeignNetwork {
  seed = 0;
  const held = new Map<string, Tensor>();
  const nodes: Node[] = [];
  const weight = (name: string, tensor: Tensor) => {
    held.set(name, tensor);
    return name;
  };
  const convolution = (x: string, y: string, from: number, to: number, side: number, group = 1) => {
    const weights = weight(`${y}.w`, kernel([to, from / group, side, side]));
    const pads = Array(4).fill((side - 1) / 2);
    const sizes = { kernel_shape: ints([side, side]), strides: ints([1, 1]), dilations: ints([1, 1]) };
    nodes.push(node('Conv', [x, weights], [y], { ...sizes, pads: ints(pads), group: int(group) }));
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

/** By what they are called. */
export const NETWORKS: Readonly<Record<string, ForeignNetwork>> = {
  'U-Net': unet((x, y) => [node('Relu', [x], [y])], false),
  'MobileNet U-Net': unet((x, y) => [node('Clip', [x], [y], { min: float(0), max: float(6) })], true),
  'PRelu U-Net': unet((x, y, channels) => [node('PRelu', [x, `slope${channels}`], [y])], false),
};
