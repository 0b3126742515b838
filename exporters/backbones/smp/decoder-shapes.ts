import type { Shapes } from '../../nn/weights.js';
import type { NamedArguments } from '../backbone.js';

/** The channels of blocks unless told otherwise, deep to shallow. */
export const STANDARD_CHANNELS = [256, 128, 64, 32, 16];

/** Where the blocks of a decoder are, by number. */
const BLOCKS = [/^decoder\.blocks\.(\d+)\./, /^decoder\.blocks\.x_0_(\d+)\./];
/** The steps of a decoder where it is one of nmODE. */
const STEPS = [/^up(\d+)\.g\./];
/** No network has more. */
const MOST = 64;

/** The largest number that keys have in a place. */
function largest(shapes: Shapes, patterns: readonly RegExp[]): number | undefined {
  const numbers = [...shapes.keys()].flatMap((key) =>
    patterns.map((pattern) => Number(pattern.exec(key)?.[1] ?? Number.NaN)),
  );
  const found = numbers.filter((number) => number <= MOST);
  return found.length === 0 ? undefined : Math.max(...found);
}

/** How many levels a decoder of smp has. */
export function depthIn(shapes: Shapes): number | undefined {
  const last = largest(shapes, BLOCKS);
  return last === undefined ? undefined : last + 1;
}

/** How many steps an nmODE decoder has. */
export const stepsIn = (shapes: Shapes): number | undefined => largest(shapes, STEPS);

/** What the shapes tell of a decoder's arguments: of blocks and heads, where it has them. */
export function decoderArguments(shapes: Shapes): NamedArguments {
  const depth = depthIn(shapes);
  const convolution = (index: number) =>
    [`decoder.blocks.${index}.conv1`, `decoder.blocks.x_0_${index}.conv1`].find((name) =>
      shapes.has(`${name}.0.weight`),
    );
  const first = convolution(0);
  const labels = shapes.get('classification_head.3.weight')?.[0];
  return {
    classes: shapes.get('segmentation_head.0.weight')?.[0],
    ...(labels !== undefined && { aux_params: { classes: labels } }),
    ...(depth !== undefined && { encoder_depth: depth }),
    ...(first !== undefined && {
      decoder_channels: Array.from(
        { length: depth ?? 0 },
        (_, index) => shapes.get(`${convolution(index)}.0.weight`)?.[0] ?? STANDARD_CHANNELS[index],
      ),
      decoder_use_norm: normIn(shapes, first),
      decoder_attention_type: [...shapes.keys()].some((key) => key.includes('.attention2.')) ? 'scse' : null,
    }),
  };
}

/** `decoder_use_norm` by the keys of one Conv2dReLU. */
export function normIn(shapes: Shapes, name: string): unknown {
  if (shapes.has(`${name}.1.running_var`)) return 'batchnorm';
  if (shapes.has(`${name}.0.bias`)) return false;
  return { type: 'instancenorm', affine: shapes.has(`${name}.1.weight`) };
}
