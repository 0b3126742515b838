import type { Shapes } from '../../nn/weights.js';
import type { Backbone, Network } from '../backbone.js';
import { type Choices, USUAL } from './choices.js';
import { wiringsIn } from './hypotheses.js';
import { networkOfPlain } from './network.js';

/** Two convolutions of 3x3, and the norms behind them; without norms they have biases. */
interface Pair {
  readonly convs: readonly [string, string];
  readonly norms?: readonly [string, string];
}

/** A published network whose wiring follows from its shapes, and whose code says the rest. */
interface Family {
  readonly id: string;
  /** The key of its first convolution's weight, and the last convolution. */
  readonly stem: string;
  readonly head: string;
  readonly choices: Partial<Choices>;
  /** Channels of the image and of the first level, how many levels are below that, and classes. */
  readonly published: Readonly<Record<'input' | 'width' | 'depth' | 'classes', number>>;
  /** The convolutions of a level, from 0 on, on the way down and on the way up. */
  down(level: number): Pair;
  up(level: number): Pair;
  /** The transposed convolution that doubles what is below a level; without, it is interpolated. */
  double?(level: number): string;
  /** Whether the way up leaves at each level as many channels as the next one has. */
  readonly narrows?: true;
}

/** A convolution's keys, or with `up` a transposed one's, with a BatchNorm of the path `norm` behind it. */
interface Layer {
  readonly path: string;
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly norm?: string | undefined;
  readonly up?: true;
}

const inSequential = (path: string, first: number, second: number) =>
  [`${path}.${first}`, `${path}.${second}`] as const;

const FAMILIES: readonly Family[] = [
  // mateuszbuda/brain-segmentation-pytorch
  {
    id: 'unet_mateuszbuda',
    stem: 'encoder1.enc1conv1.weight',
    head: 'conv',
    choices: { join: 'up-first' },
    published: { input: 3, width: 32, depth: 4, classes: 1 },
    down: (level) =>
      level === 4 ? named('bottleneck', 'bottleneck') : named(`encoder${level + 1}`, `enc${level + 1}`),
    up: (level) => named(`decoder${level + 1}`, `dec${level + 1}`),
    double: (level) => `upconv${level + 1}`,
  },
  // jvanvugt/pytorch-unet, with padding
  {
    id: 'unet_jvanvugt',
    stem: 'down_path.0.block.0.weight',
    head: 'last',
    choices: { order: 'act-norm', upsampling: 'bilinear', join: 'up-first' },
    published: { input: 1, width: 64, depth: 4, classes: 2 },
    down: (level) => ({ convs: inSequential(`down_path.${level}.block`, 0, 2) }),
    up: (level) => ({ convs: inSequential(`up_path.${3 - level}.conv_block.block`, 0, 2) }),
    double: (level) => `up_path.${3 - level}.up`,
  },
  // usuyama/pytorch-unet
  {
    id: 'unet_usuyama',
    stem: 'dconv_down1.0.weight',
    head: 'conv_last',
    choices: { join: 'up-first' },
    published: { input: 3, width: 64, depth: 3, classes: 1 },
    down: (level) => ({ convs: inSequential(`dconv_down${level + 1}`, 0, 2) }),
    up: (level) => ({ convs: inSequential(`dconv_up${level + 1}`, 0, 2) }),
  },
  // WZMIAOMIAO/deep-learning-for-image-processing
  {
    id: 'unet_wzmiaomiao',
    stem: 'in_conv.0.weight',
    head: 'out_conv.0',
    choices: {},
    published: { input: 1, width: 64, depth: 4, classes: 2 },
    narrows: true,
    down: (level) => normed(level === 0 ? 'in_conv' : `down${level}.1`),
    up: (level) => normed(`up${4 - level}.conv`),
  },
];

function named(path: string, name: string): Pair {
  const both = (layer: string) => [`${path}.${name}${layer}1`, `${path}.${name}${layer}2`] as const;
  return { convs: both('conv'), norms: both('norm') };
}

const normed = (path: string): Pair => ({
  convs: inSequential(path, 0, 3),
  norms: inSequential(path, 1, 4),
});

function layersOf({ published, head, down, up, double, narrows }: Family, width: number): readonly Layer[] {
  const { input, depth, classes } = published;
  const of = (level: number) => width * 2 ** Math.min(level, narrows ? depth - 1 : depth);
  const behind = (level: number) => of(narrows ? Math.max(0, level - 1) : level);
  const levels = [...Array(depth + 1).keys()];
  const pair = ({ convs, norms }: Pair, from: number, between: number, to: number): readonly Layer[] => [
    { path: convs[0], input: from, output: between, kernel: 3, norm: norms?.[0] },
    { path: convs[1], input: between, output: to, kernel: 3, norm: norms?.[1] },
  ];
  return [
    ...levels.flatMap((level) =>
      pair(down(level), level === 0 ? input : of(level - 1), of(level), of(level)),
    ),
    ...levels
      .slice(0, -1)
      .toReversed()
      .flatMap((level): readonly Layer[] => {
        const own = of(level);
        if (double === undefined) return pair(up(level), own + behind(level + 1), own, behind(level));
        const doubled: Layer = {
          path: double(level),
          input: of(level + 1),
          output: own,
          kernel: 2,
          up: true,
        };
        return [doubled, ...pair(up(level), 2 * own, own, own)];
      }),
    { path: head, input: width, output: classes, kernel: 1 },
  ];
}

/** The state dict's shapes of layers. */
function shapesOf(layers: readonly Layer[]): Shapes {
  const entries = layers.flatMap(({ path, input, output, kernel, norm, up }): [string, number[]][] => [
    [`${path}.weight`, [...(up ? [input, output] : [output, input]), kernel, kernel]],
    ...(norm === undefined ? [`${path}.bias`] : NORM.map((name) => `${norm}.${name}`)).map(
      (key): [string, number[]] => [key, [output]],
    ),
  ]);
  return new Map(entries);
}

const NORM = ['weight', 'bias', 'running_mean', 'running_var'];

export const PLAIN_FAMILIES = FAMILIES.map((family): Backbone => {
  const { id, stem, choices, published } = family;
  const network = (shapes: Shapes) => {
    const [wiring] = wiringsIn(shapes).found;
    return wiring && networkOfPlain({ wiring, choices: { ...USUAL, ...choices } }, id, {});
  };
  const ofWidth = (first: number) => {
    const found = network(shapesOf(layersOf(family, first)));
    if (found === undefined) throw new TypeError(`${id} of ${first} channels is not a plain U-Net`);
    return found;
  };
  let known: Network | undefined;
  // What is looked for, and not found, where a checkpoint has the first key and another wiring.
  const standard = () => {
    known ??= ofWidth(published.width);
    return known;
  };
  return {
    id,
    stems: [stem],
    network: (shapes) => (shapes.has(stem) ? network(shapes) : undefined) ?? standard(),
    ofWidth,
  };
});
