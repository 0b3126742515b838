import type { Command } from 'commander';
import { LEVELS, type Level } from '../../../graph/passes/optimize.js';
import { TARGETS } from '../../../graph/passes/winograd/cost.js';
import { CALIBRATION_METHODS } from '../../../graph/quantization/calibrate.js';
import { count } from '../../reports/figures.js';
import type { OutputDifference } from '../../transform/difference.js';
import type { ImageDifference } from '../../transform/image-comparison.js';
import { PRECISIONS } from '../../transform/precision.js';
import { reachText } from '../../transform/reach.js';
import type { Transformed, TransformOptions } from '../../transform/transform.js';
import type { Field } from '../output/print.js';
import { untypedField, untypedFields } from '../output/untyped-fields.js';
import { parsePath, parsePositive, parseProbability } from './arguments.js';
import { choice } from './options.js';
import { inputsOption } from './recipe-flags.js';

/** What every command that rewrites a graph takes. */
export type TransformFlags = Pick<
  TransformOptions,
  | 'target'
  | 'precompute'
  | 'precision'
  | 'images'
  | 'calibrate'
  | 'inputs'
  | 'method'
  | 'maxDscDrop'
  | 'minutes'
  | 'force'
> & { readonly optimize?: Level };

export function addTransformFlags(command: Command, level: Level = 'standard'): Command {
  return command
    .addOption(choice('--optimize <level>', `how far to rewrite the graph (default: ${level})`, LEVELS))
    .addOption(choice('--target <target>', 'where the model runs (default: cpu)', TARGETS))
    .option(
      '--precompute',
      'with --optimize latency: store transformed weights (four times the size), for runtimes that do not fold constants',
    )
    .addOption(choice('--precision <precision>', 'precision of the computation (default: fp32)', PRECISIONS))
    .option('--calibrate <folder>', 'with --precision int8: folder of representative images', parsePath)
    .addOption(
      choice(
        '--method <method>',
        'calibration of int8 ranges (default: minmax, or the better of the two if that exceeds --max-dsc-drop)',
        CALIBRATION_METHODS,
      ),
    )
    .option(
      '--max-dsc-drop <share>',
      'largest loss of a lower precision, 1 - DSC of the masks (default: 0.003 for int8 and int8-weights, 0.0005 for fp16)',
      parseProbability,
    )
    .addOption(inputsOption('for --images and --calibrate, for models with several channels'))
    .option(
      '--minutes <n>',
      'time limit for the comparison on images, or with --precision int8 for finding sensitive layers (default: none)',
      parsePositive,
    )
    .option(
      '--force',
      'with --precision fp16 or int8: write the model even if less than a tenth of the multiply-adds is in that precision',
    )
    .option(
      '--images <folder>',
      'folder of images for the comparison with the original (default: six bundled ones)',
      parsePath,
    );
}

/**
 * What was done to a graph, a line a matter.
 * @param why list the nodes without a type
 */
export function transformFields(
  {
    level,
    changes,
    denormals,
    difference,
    quantized,
    reached,
    slower,
    precision,
    untyped = [],
    direct,
  }: Omit<Transformed, 'model'>,
  why?: true,
): readonly Field[] {
  const rules = Object.entries(changes).map(([rule, times]) => `${rule} ${times}`);
  return [
    ['rewritten', level === 'none' ? undefined : rules.join(', ') || 'nothing to rewrite'],
    [
      'latency',
      direct &&
        `no further convolution uses Winograd's form, since ${DIRECT[direct]}: only the rules of standard apply`,
    ],
    [
      'denormal',
      denormals === undefined ? undefined : `${count(denormals)} weights below 1.2e-38 flushed to zero`,
    ],
    ['integers', quantized && quantizedText(quantized)],
    ['reached', reached && `${precision} has ${reachText(reached)}`],
    ['slower', slower],
    ...(why ? untypedFields(untyped) : [untypedField(untyped)]),
    ['compared', difference && differenceText(difference)],
  ];
}

/** Why nothing is in Winograd's form, for people. */
const DIRECT: Readonly<Record<NonNullable<Transformed['direct']>, string>> = {
  target: 'webgpu does not benefit',
  sizes: 'the sizes of the image are open',
  time: 'none would be clearly faster',
};

function differenceText({ images, all, outputs }: ImageDifference): string {
  const on =
    all === undefined ? `${images} images` : `${images} of ${all} images, within the time limit (--minutes)`;
  return `on ${on}: ${outputs.map((output) => outputText(output, outputs.length > 1)).join('; ')}`;
}

function outputText(output: OutputDifference, isNamed: boolean): string {
  const { name, kind, maxAbs, largest, dscDrop, spread } = output;
  const owner = isNamed ? `'${name}' ` : '';
  const own =
    spread === undefined || maxAbs === 0
      ? ''
      : ` (onnxruntime's own settings differ by ${spread.toExponential(1)} or more: twice that passes)`;
  const found = maxAbs === 0 ? 'identical' : `within ${maxAbs.toExponential(1)}`;
  if (kind === 'values') {
    const share =
      maxAbs === 0 || largest === 0 ? '' : `, ${(maxAbs / largest).toExponential(1)} of the largest`;
    return `${owner}values ${found}${own}${share} (no mask)`;
  }
  const what = largest > 1.001 ? 'logits' : 'probabilities';
  const masks =
    dscDrop === undefined ? 'no mask found on any of them' : `DSC of masks ${(1 - dscDrop).toFixed(5)}`;
  return `${owner}${what} ${found}${own}, ${masks}`;
}

function quantizedText(quantized: NonNullable<Transformed['quantized']>): string {
  const { layers, method, winograd, float, gaveUp } = quantized;
  const faster =
    winograd.length === 0 ? '' : `; in float in Winograd's form, which is faster: ${winograd.length}`;
  const kept = float.length === 0 ? '' : `; in float, since they are the most sensitive: ${float.join(', ')}`;
  const left = gaveUp
    ? `; time limit reached: ${gaveUp.unmeasured} not measured and left in float, ${gaveUp.untried} not retried on integers`
    : '';
  return `${layers.length} convolutions, ranges by ${method}${faster}${kept}${left}`;
}
