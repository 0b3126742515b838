import { type Command, Option } from 'commander';
import { LEVELS, type Level } from '../../graph/passes/optimize.js';
import { TARGETS, type Target } from '../../graph/passes/winograd-cost.js';
import { CALIBRATION_METHODS, type CalibrationMethod } from '../../graph/quantization/calibrate.js';
import { PRECISIONS, type Precision, type Transformed, type TransformOptions } from '../transform.js';
import { parsePositive } from './arguments.js';

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
    .option('--precompute', 'with --optimize latency: a larger file that loads faster')
    .addOption(
      new Option('--precision <precision>', 'what it computes with (default: fp32)').choices(PRECISIONS),
    )
    .option('--calibrate <folder>', 'with --precision int8: images that are typical')
    .addOption(
      new Option('--method <method>', 'how int8 finds the range of values (default: percentile)').choices(
        CALIBRATION_METHODS,
      ),
    )
    .option(
      '--max-dsc-drop <share>',
      'what int8 and fp16 may cost the masks, 1 - DSC (default: 0.003, 0.0005)',
      parsePositive,
    )
    .option('--images <folder>', 'images to compare the result on (default: six that are bundled)');
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
  changes,
  difference,
  quantized,
}: Omit<Transformed, 'model'>): [string, string][] {
  const rules = Object.entries(changes).map(([rule, count]) => `${rule} ${count}`);
  return [
    ...(rules.length > 0 ? [['rewritten', rules.join(', ')] satisfies [string, string]] : []),
    ...(quantized ? [['integers', quantizedText(quantized)] satisfies [string, string]] : []),
    ...(difference
      ? [
          [
            'compared',
            `on ${difference.images} images: probabilities to ${difference.maxAbs.toExponential(1)}, masks to a DSC of ${(1 - difference.dscDrop).toFixed(5)}`,
          ] satisfies [string, string],
        ]
      : []),
  ];
}

function quantizedText({ layers, float }: NonNullable<Transformed['quantized']>): string {
  const kept = float.length === 0 ? '' : `; in float, as the most sensitive: ${float.join(', ')}`;
  return `${layers.length} convolutions${kept}`;
}
