import { badUsage } from '../../common/errors.js';
import { floatOf, intOf } from '../../ir/attribute.js';
import type { Value } from '../../ir/value.js';
import { add, div, mul, sub } from '../../ops/elementwise.js';
import { axisOf } from '../../ops/operands.js';
import { reduceSum } from '../../ops/reduce.js';
import { sqrt } from '../../ops/unary.js';
import { batchStatisticsOf, perChannel } from '../batch-statistics.js';
import {
  type Applied,
  axesButChannels,
  countAlong,
  inputOf,
  perInput,
  type Rules,
  unbroadcast,
} from '../rule.js';

/** 1 / sqrt(variance + epsilon). */
const inverseOf = ({ attributes }: Applied, variance: Value): Value =>
  div(1, sqrt(add(variance, floatOf(attributes, 'epsilon', 1e-5))));

/**
 * x normalised over some axes: with z = (x - mean) / s and dz the gradient of z, dx = (dz - mean of dz - z mean of dz z) / s.
 */
function normalized(applied: Applied, axes: readonly number[]) {
  const x = inputOf(applied, 0);
  const share = 1 / countAlong(x, axes, applied.opType);
  const meanOf = (value: Value) => mul(reduceSum(value, axes), share);
  const centred = sub(x, meanOf(x));
  const inverse = inverseOf(applied, meanOf(mul(centred, centred)));
  const z = mul(centred, inverse);
  const gradient = (dz: Value) => mul(inverse, sub(sub(dz, meanOf(dz)), mul(z, meanOf(mul(dz, z)))));
  return { z, gradient };
}

export const NORMALIZATIONS: Rules = {
  /**
   * Fixed statistics: y = scale (x - mean) / s + bias, s = sqrt(variance + epsilon). With those of the batch itself, x is in them as
   * well: dx = scale / s (dy - mean of dy - z mean of dy z), z = (x - mean) / s.
   */
  BatchNormalization(applied, dy) {
    if (intOf(applied.attributes, 'training_mode', 0) !== 0) {
      throw badUsage(
        'BatchNormalization (training_mode 1) has no gradient: a training step takes the statistics of the batch by itself, leave it at 0',
      );
    }
    const [x, scale] = [inputOf(applied, 0), inputOf(applied, 1)];
    const [mean, variance] = [inputOf(applied, 3), inputOf(applied, 4)];
    const axes = axesButChannels(x);
    const inverse = inverseOf(applied, variance);
    const statistics = batchStatisticsOf(applied);
    const centred = statistics?.centred ?? sub(x, perChannel(mean, x));
    const dBias = reduceSum(dy, axes, false);
    const dScale = mul(reduceSum(mul(dy, centred), axes, false), inverse);
    const slope = mul(scale, inverse);
    const direct = () => mul(dy, perChannel(slope, x));
    const parameters = [() => dScale, () => dBias];
    if (statistics === undefined) {
      const dVariance = () => mul(mul(dScale, scale), mul(mul(inverse, inverse), -0.5));
      return perInput(applied, direct, ...parameters, () => mul(dBias, mul(slope, -1)), dVariance);
    }
    const share = mul(slope, -1 / countAlong(x, axes, applied.opType));
    const alongZ = () => mul(centred, perChannel(mul(mul(dScale, inverse), share), x));
    return perInput(
      applied,
      () => add(add(direct(), alongZ()), perChannel(mul(dBias, share), x)),
      ...parameters,
    );
  },
  InstanceNormalization(applied, dy) {
    const [x, scale] = [inputOf(applied, 0), inputOf(applied, 1)];
    const space = [...x.shape.keys()].slice(2);
    const { z, gradient } = normalized(applied, space);
    return perInput(
      applied,
      () => gradient(mul(dy, perChannel(scale, x))),
      () => reduceSum(mul(dy, z), axesButChannels(x), false),
      () => reduceSum(dy, axesButChannels(x), false),
    );
  },
  LayerNormalization(applied, dy) {
    const [x, scale, bias] = [inputOf(applied, 0), inputOf(applied, 1), applied.inputs[2]];
    const first = axisOf(intOf(applied.attributes, 'axis', -1), x.shape.length);
    const axes = [...x.shape.keys()].slice(first);
    const { z, gradient } = normalized(applied, axes);
    return perInput(
      applied,
      () => gradient(mul(dy, scale)),
      () => unbroadcast(mul(dy, z), scale),
      bias && (() => unbroadcast(dy, bias)),
    );
  },
};
