import { type Command, Option } from 'commander';
import { LEVELS, type Level } from '../../../graph/passes/optimize.js';
import { TARGETS, type Target } from '../../../graph/passes/winograd/cost.js';
import { CALIBRATION_METHODS, type CalibrationMethod } from '../../../graph/quantization/calibrate.js';
import type { OutputDifference } from '../../transform/difference.js';
import { PRECISIONS, type Precision } from '../../transform/precision.js';
import type { Transformed, TransformOptions } from '../../transform/transform.js';
import { parsePath, parseProbability } from './arguments.js';

/** What every command that rewrites a graph takes. */
export interface TransformFlags {
  readonly optimize?: Level;
  readonly target?: Target;
  readonly precompute?: true;
  readonly precision?: Precision;
  readonly images?: string;
  readonly calibrate?: string;
  readonly method?: CalibrationMethod;
  readonly maxDscDrop?: number;
}

export function addTransformFlags(command: Command, level: Level = 'standard'): Command {
  return command
    .addOption(
      new Option(
        '--optimize <level>',
        `how far the graph is rewritten to run faster (default: ${level})`,
      ).choices(LEVELS),
    )
    .addOption(new Option('--target <target>', 'where latency is to be low (default: cpu)').choices(TARGETS))
    .option(
      '--precompute',
      'with --optimize latency: a file four times as large, for runtimes that do not transform weights as they load',
    )
    .addOption(
      new Option('--precision <precision>', 'what it computes with (default: fp32)').choices(PRECISIONS),
    )
    .option('--calibrate <folder>', 'with --precision int8: images that are typical', parsePath)
    .addOption(
      new Option(
        '--method <method>',
        'how int8 finds the range of values (default: minmax, or what costs less where that costs too much)',
      ).choices(CALIBRATION_METHODS),
    )
    .option(
      '--max-dsc-drop <share>',
      'what a lower precision may cost the masks, 1 - DSC, 0 to 1 (default: 0.003 for int8 and int8-weights, 0.0005 for fp16)',
      parseProbability,
    )
    .option(
      '--images <folder>',
      'images to compare the result on (default: six that are bundled)',
      parsePath,
    );
}

export function transformOptions(flags: TransformFlags): TransformOptions {
  const { optimize, target, precompute, precision, images, calibrate, method, maxDscDrop } = flags;
  return {
    ...(optimize && { level: optimize }),
    ...(target && { target }),
    ...(precompute && { precompute }),
    ...(precision && { precision }),
    ...(images && { images }),
    ...(calibrate && { calibrate }),
    ...(method && { method }),
    ...(maxDscDrop !== undefined && { maxDscDrop }),
  };
}

/** What was done to a graph, a line a matter. */
export function transformFields({
  level,
  changes,
  difference,
  quantized,
}: Omit<Transformed, 'model'>): [string, string][] {
  const rules = Object.entries(changes).map(([rule, count]) => `${rule} ${count}`);
  const rewritten = level === 'none' ? [] : [rules.join(', ') || 'nothing: no rule found anything to do'];
  const latency =
    level === 'latency' && changes.Winograd === undefined
      ? [
          "no further convolution took Winograd's form: none would be clearly faster, sizes are open, or the target is webgpu; only the rules of standard hold",
        ]
      : [];
  const compared = difference?.outputs.map((output) => comparedText(output, difference.outputs.length > 1));
  return [
    ...rewritten.map((text): [string, string] => ['rewritten', text]),
    ...latency.map((text): [string, string] => ['latency', text]),
    ...(quantized ? [['integers', quantizedText(quantized)] satisfies [string, string]] : []),
    ...(difference && compared
      ? [['compared', `on ${difference.images} images: ${compared.join('; ')}`] satisfies [string, string]]
      : []),
  ];
}

function comparedText({ name, kind, maxAbs, largest, dscDrop }: OutputDifference, isNamed: boolean): string {
  const owner = isNamed ? `'${name}' ` : '';
  if (kind === 'values') {
    const share = largest === 0 ? 0 : maxAbs / largest;
    return `${owner}values to ${maxAbs.toExponential(1)}, ${share.toExponential(1)} of the largest (no mask)`;
  }
  const what = largest > 1.001 ? 'logits' : 'probabilities';
  const masks =
    dscDrop === undefined ? 'no mask found on any of them' : `masks to a DSC of ${(1 - dscDrop).toFixed(5)}`;
  return `${owner}${what} to ${maxAbs.toExponential(1)}, ${masks}`;
}

function quantizedText({ layers, method, winograd, float }: NonNullable<Transformed['quantized']>): string {
  const faster =
    winograd.length === 0 ? '' : `; in float, in Winograd's form, as they are faster so: ${winograd.length}`;
  const kept = float.length === 0 ? '' : `; in float, as the most sensitive: ${float.join(', ')}`;
  return `${layers.length} convolutions, ranges by ${method}${faster}${kept}`;
}
