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
    .addOption(
      choice(
        '--optimize <level>',
        `how far the graph is rewritten to run faster (default: ${level})`,
        LEVELS,
      ),
    )
    .addOption(choice('--target <target>', 'where latency is to be low (default: cpu)', TARGETS))
    .option(
      '--precompute',
      'with --optimize latency: a file four times as large, for runtimes that do not transform weights as they load',
    )
    .addOption(choice('--precision <precision>', 'what it computes with (default: fp32)', PRECISIONS))
    .option('--calibrate <folder>', 'with --precision int8: images that are typical', parsePath)
    .addOption(
      choice(
        '--method <method>',
        'how int8 finds the range of values (default: minmax, or what costs less where that costs too much)',
        CALIBRATION_METHODS,
      ),
    )
    .option(
      '--max-dsc-drop <share>',
      'what a lower precision may cost the masks, 1 - DSC, 0 to 1 (default: 0.003 for int8 and int8-weights, 0.0005 for fp16)',
      parseProbability,
    )
    .addOption(inputsOption('of --images and --calibrate for several channels'))
    .option(
      '--minutes <n>',
      'how long to compare on images, or with --precision int8 to look for layers that are too sensitive (default: to the end)',
      parsePositive,
    )
    .option(
      '--force',
      'with --precision fp16 or int8: write it also where it reaches less than a tenth of the multiply-adds',
    )
    .option(
      '--images <folder>',
      'images to compare the result on (default: six that are bundled)',
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
    ['rewritten', level === 'none' ? undefined : rules.join(', ') || 'nothing: no rule found anything to do'],
    [
      'latency',
      direct &&
        `no further convolution took Winograd's form, since ${DIRECT[direct]}: only the rules of standard hold`,
    ],
    [
      'denormal',
      denormals === undefined
        ? undefined
        : `${count(denormals)} weights below 1.2e-38, which only take time, became zero`,
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
  target: 'webgpu has no use for it',
  sizes: 'the sizes of the image are open',
  time: 'none would be clearly faster so',
};

function differenceText({ images, all, outputs }: ImageDifference): string {
  const on =
    all === undefined
      ? `${images} images`
      : `${images} of ${all} images, for which there was time (--minutes)`;
  return `on ${on}: ${outputs.map((output) => outputText(output, outputs.length > 1)).join('; ')}`;
}

function outputText(output: OutputDifference, isNamed: boolean): string {
  const { name, kind, maxAbs, largest, dscDrop, spread } = output;
  const owner = isNamed ? `'${name}' ` : '';
  const own =
    spread === undefined
      ? ''
      : ` (onnxruntime's own settings are ${spread.toExponential(1)} apart or more: twice that passes)`;
  if (kind === 'values') {
    const share = largest === 0 ? 0 : maxAbs / largest;
    return `${owner}values to ${maxAbs.toExponential(1)}${own}, ${share.toExponential(1)} of the largest (no mask)`;
  }
  const what = largest > 1.001 ? 'logits' : 'probabilities';
  const masks =
    dscDrop === undefined ? 'no mask found on any of them' : `masks to a DSC of ${(1 - dscDrop).toFixed(5)}`;
  return `${owner}${what} to ${maxAbs.toExponential(1)}${own}, ${masks}`;
}

function quantizedText(quantized: NonNullable<Transformed['quantized']>): string {
  const { layers, method, winograd, float, gaveUp } = quantized;
  const faster =
    winograd.length === 0 ? '' : `; in float, in Winograd's form, as they are faster so: ${winograd.length}`;
  const kept = float.length === 0 ? '' : `; in float, as the most sensitive: ${float.join(', ')}`;
  const left = gaveUp
    ? `; time was up: ${gaveUp.unmeasured} were not measured and stay in float, ${gaveUp.untried} not tried on integers again`
    : '';
  return `${layers.length} convolutions, ranges by ${method}${faster}${kept}${left}`;
}
