import type { Shapes } from '../../nn/weights.js';
import type { Backbone, Network } from '../backbone.js';
import { type Choices, USUAL } from './choices.js';
import { wiringsIn } from './hypotheses.js';
import { networkOfPlain } from './network.js';

/** A published network whose wiring follows from its shapes, and whose code says the rest. */
interface Family {
  readonly id: string;
  /** The key of its first convolution's weight. */
  readonly stem: string;
  readonly choices: Partial<Choices>;
  /** The width of its first level as published, and its keys by that, in order. */
  readonly width: number;
  layers(width: number): readonly Layer[];
}

/** A convolution's keys, or with `up` a transposed one's, with a BatchNorm of the path `norm` behind it. */
interface Layer {
  readonly path: string;
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly bias?: false;
  readonly norm?: string;
  readonly up?: true;
}

/** Two convolutions of 3x3 at these paths, with norms behind them or biases. */
function pair(
  [first, second]: readonly [string, string],
  input: number,
  output: number,
  norms?: readonly [string, string],
  between = output,
): readonly Layer[] {
  const one = (path: string, from: number, to: number, norm: string | undefined): Layer => ({
    ...{ path, input: from, output: to, kernel: 3 },
    ...(norm !== undefined && { norm, bias: false as const }),
  });
  return [one(first, input, between, norms?.[0]), one(second, between, output, norms?.[1])];
}

const doubled = (path: string, input: number, output: number): Layer => ({
  path,
  input,
  output,
  kernel: 2,
  up: true,
});
const last = (path: string, input: number, output: number): Layer => ({ path, input, output, kernel: 1 });

/** Levels below the first. */
const deeper = (depth: number) => Array.from({ length: depth }, (_, level) => level + 1);

const FAMILIES: readonly Family[] = [
  // mateuszbuda/brain-segmentation-pytorch
  {
    id: 'unet_mateuszbuda',
    stem: 'encoder1.enc1conv1.weight',
    choices: { join: 'up-first' },
    width: 32,
    layers(width) {
      const block = (path: string, name: string, input: number, output: number) => {
        const at = (layer: string) => [`${path}.${name}${layer}1`, `${path}.${name}${layer}2`] as const;
        return pair(at('conv'), input, output, at('norm'));
      };
      const of = (level: number) => width * 2 ** (level - 1);
      return [
        ...deeper(4).flatMap((level) =>
          block(`encoder${level}`, `enc${level}`, level === 1 ? 3 : of(level - 1), of(level)),
        ),
        ...block('bottleneck', 'bottleneck', of(4), of(5)),
        ...deeper(4)
          .toReversed()
          .flatMap((level) => [
            doubled(`upconv${level}`, of(level + 1), of(level)),
            ...block(`decoder${level}`, `dec${level}`, 2 * of(level), of(level)),
          ]),
        last('conv', width, 1),
      ];
    },
  },
  // jvanvugt/pytorch-unet, with padding
  {
    id: 'unet_jvanvugt',
    stem: 'down_path.0.block.0.weight',
    choices: { order: 'act-norm', upsampling: 'bilinear', join: 'up-first' },
    width: 64,
    layers(width) {
      const block = (path: string, input: number, output: number) =>
        pair([`${path}.block.0`, `${path}.block.2`], input, output);
      const of = (level: number) => width * 2 ** level;
      return [
        ...block('down_path.0', 1, width),
        ...deeper(4).flatMap((level) => block(`down_path.${level}`, of(level - 1), of(level))),
        ...deeper(4).flatMap((step) => [
          doubled(`up_path.${step - 1}.up`, of(5 - step), of(4 - step)),
          ...block(`up_path.${step - 1}.conv_block`, of(5 - step), of(4 - step)),
        ]),
        last('last', width, 2),
      ];
    },
  },
  // usuyama/pytorch-unet
  {
    id: 'unet_usuyama',
    stem: 'dconv_down1.0.weight',
    choices: { join: 'up-first' },
    width: 64,
    layers(width) {
      const block = (path: string, input: number, output: number) =>
        pair([`${path}.0`, `${path}.2`], input, output);
      const of = (level: number) => width * 2 ** (level - 1);
      return [
        ...deeper(4).flatMap((level) =>
          block(`dconv_down${level}`, level === 1 ? 3 : of(level - 1), of(level)),
        ),
        ...deeper(3)
          .toReversed()
          .flatMap((level) => block(`dconv_up${level}`, of(level) + of(level + 1), of(level))),
        last('conv_last', width, 1),
      ];
    },
  },
  // WZMIAOMIAO/deep-learning-for-image-processing
  {
    id: 'unet_wzmiaomiao',
    stem: 'in_conv.0.weight',
    choices: {},
    width: 64,
    layers(width) {
      const block = (path: string, input: number, output: number, between = output) =>
        pair([`${path}.0`, `${path}.3`], input, output, [`${path}.1`, `${path}.4`], between);
      // Behind the interpolation there are half as many channels.
      const of = (level: number) => width * 2 ** Math.min(level, 3);
      return [
        ...block('in_conv', 1, width),
        ...deeper(4).flatMap((level) => block(`down${level}.1`, of(level - 1), of(level))),
        ...deeper(4).flatMap((step) => {
          const joined = 2 * of(4 - step);
          return block(`up${step}.conv`, joined, of(Math.max(0, 3 - step)), joined / 2);
        }),
        last('out_conv.0', width, 2),
      ];
    },
  },
];

/** The state dict's shapes of layers. */
function shapesOf(layers: readonly Layer[]): Shapes {
  const entries = layers.flatMap(({ path, input, output, kernel, bias, norm, up }): [string, number[]][] => [
    [`${path}.weight`, [...(up ? [input, output] : [output, input]), kernel, kernel]],
    ...(bias === false ? [] : [[`${path}.bias`, [output]] satisfies [string, number[]]]),
    ...(norm === undefined ? [] : NORM.map((name): [string, number[]] => [`${norm}.${name}`, [output]])),
  ]);
  return new Map(entries);
}

const NORM = ['weight', 'bias', 'running_mean', 'running_var'];

export const PLAIN_FAMILIES = FAMILIES.map(({ id, stem, choices, width, layers }): Backbone => {
  const network = (shapes: Shapes) => {
    const [wiring] = wiringsIn(shapes).found;
    return wiring && networkOfPlain({ wiring, choices: { ...USUAL, ...choices } }, id, {});
  };
  const ofWidth = (first: number) => {
    const found = network(shapesOf(layers(first)));
    if (found === undefined) throw new TypeError(`${id} of ${first} channels is not a plain U-Net`);
    return found;
  };
  let published: Network | undefined;
  // What is looked for, and not found, where a checkpoint has the first key and another wiring.
  const standard = () => {
    published ??= ofWidth(width);
    return published;
  };
  return {
    id,
    stems: [stem],
    network: (shapes) => (shapes.has(stem) ? network(shapes) : undefined) ?? standard(),
    ofWidth,
  };
});
