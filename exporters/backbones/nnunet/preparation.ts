import { closestText } from '../../../graph/common/closest.js';
import { option } from '../../../graph/common/option.js';
import { Arguments, isWhole } from '../arguments/arguments.js';
import { badText, type Fields, isFields } from '../arguments/extras.js';
import { type Intensities, type Preparation, type Resampling, SCHEMES, type Scheme } from '../preparation.js';
import type { Plan } from './plans.js';

/** No side of a patch is larger. */
export const MAX_SIDE = 2 ** 16;

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isPositive = (value: unknown): value is number => isNumber(value) && value > 0;
const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';

/** @throws NmodeError (BAD_CHECKPOINT) for what nnU-Net could not use, and for a normalization that is not known */
export function preparationOf(plan: Plan): Preparation {
  const { place, file, configuration, settings, plans, dataset, mirroringAxes } = plan;
  const args = new Arguments({ config: settings, file: place });
  const all = new Arguments({ config: plans, file });
  const patchSize = args.list('patch_size', [], isPatch, `a whole number from 1 to ${MAX_SIDE}`);
  const spacing = args.list('spacing', [], isPositive, 'a number above 0', patchSize.length);
  const count = dataset?.channels.length;
  const schemes = args.list('normalization_schemes', [], isText, 'the name of one', count);
  const masked = args.list('use_mask_for_norm', [], isFlag, 'true or false', schemes.length);
  return {
    ...{ place, configuration, patchSize, spacing },
    preprocessor: nameOf(args, 'preprocessor_name'),
    channels: schemes.map((scheme, channel) => ({
      name: dataset?.channels[channel],
      scheme: schemeOf(place, scheme),
      isMasked: masked[channel] === true,
      intensities: scheme === 'CTNormalization' ? intensitiesOf(file, plans, channel) : undefined,
    })),
    resampling: {
      data: resamplingOf(args, 'resampling_fn_data'),
      probabilities: resamplingOf(args, 'resampling_fn_probabilities'),
    },
    transposeForward: orderOf(all, 'transpose_forward'),
    transposeBackward: orderOf(all, 'transpose_backward'),
    mirroringAxes,
    labels: dataset?.labels,
    fileEnding: dataset?.fileEnding,
    reader: nameOf(all, 'image_reader_writer'),
    labelManager: nameOf(all, 'label_manager'),
    previousStage: nameOf(args, 'previous_stage'),
  };
}

const isPatch = (value: unknown): value is number => isWhole(value, 1, MAX_SIDE);

/** nnU-Net looks a scheme up by the name of its class. */
function schemeOf(place: string, name: string): Scheme {
  const scheme = SCHEMES.find((known) => known === name);
  if (scheme !== undefined) return scheme;
  throw badText(
    place,
    `normalization_schemes has ${name.slice(0, 60)}, expected ${SCHEMES.join(', ')}${closestText(name, SCHEMES)}: give ${option('recipe')}, or images that are prepared so`,
  );
}

/** @throws NmodeError (BAD_CHECKPOINT) where a channel's are not there */
function intensitiesOf(file: string, plans: Fields, channel: number): Intensities {
  const {
    foreground_intensity_properties_per_channel: today,
    foreground_intensity_properties_by_modality: before,
  } = plans;
  const all = today ?? before;
  const found = isFields(all) ? all[String(channel)] : undefined;
  const { mean, std, percentile_00_5: low, percentile_99_5: high } = isFields(found) ? found : {};
  if (isNumber(mean) && isNumber(std) && isNumber(low) && isNumber(high)) return { mean, std, low, high };
  throw badText(
    file,
    `foreground_intensity_properties_per_channel has not mean, std, percentile_00_5 and percentile_99_5 of channel ${channel}, which CTNormalization takes`,
  );
}

/** Plans before nnU-Net 2.1 do not say the functions: there was one. */
function resamplingOf(args: Arguments, name: string): Resampling {
  const kwargs = args.value(`${name}_kwargs`) ?? {};
  if (!isFields(kwargs)) throw args.fault([`${name}_kwargs`], 'an object');
  return { name: nameOf(args, name) ?? 'resample_data_or_seg_to_shape', arguments: kwargs };
}

/** The name of a class or a function; undefined where it is not said. */
function nameOf(args: Arguments, argument: string): string | undefined {
  const value = args.value(argument) ?? undefined;
  if (value === undefined || isText(value)) return value;
  throw args.fault([argument], 'a name');
}

/** A permutation of three axes. */
function orderOf(args: Arguments, name: string): readonly number[] {
  const isAxis = (value: unknown): value is number => isWhole(value, 0, 2);
  const order = args.list(name, [0, 1, 2], isAxis, 'an axis from 0 to 2', 3);
  if (new Set(order).size === order.length) return order;
  throw args.fault([name], 'each of the axes 0, 1 and 2 once');
}
