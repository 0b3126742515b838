import { shapeText } from '../../../graph/ir/dim.js';
import { listed, type Shapes } from '../../nn/weights.js';
import { ARCHITECTURES } from './architectures.js';
import { type Encoder, WHOLE } from './encoders/encoder.js';
import { ENCODERS } from './encoders/index.js';
import { encoderKeys, encodersIn } from './inferred.js';

/** The head that all classes of smp have. */
export const HEAD = 'segmentation_head.0.weight';

const LIBRARY = 'segmentation_models.pytorch';
const DECODER = 'decoder.';

/** An encoder's keys that are not there, or of another shape. */
function missingOf(encoder: Encoder, shapes: Shapes) {
  const keys = [...encoderKeys(encoder, shapes.get(`encoder.${encoder.stem}`)?.[1] ?? 3, WHOLE)];
  const missing = keys.filter(([key, shape]) => shapeText(shapes.get(key) ?? []) !== shapeText(shape));
  return {
    ...{ name: encoder.name, count: keys.length, missing: missing.map(([key]) => key) },
    share: 1 - missing.length / keys.length,
  };
}

function closestText(shapes: Shapes): string {
  const [near] = ENCODERS.map((encoder) => missingOf(encoder, shapes)).sort((a, b) => b.share - a.share);
  if (near === undefined || near.share === 0) return '';
  const { name, count, missing } = near;
  return `; the closest is ${name}, of whose ${count} keys ${count - missing.length} fit; ${listed('missing', missing)}`;
}

/** Why keys with smp's head are of no network that is known; undefined where encoder or decoder do not show that they are smp's, or both do. */
export function whyUnknown(shapes: Shapes): string | undefined {
  const architecture = ARCHITECTURES.find(({ isIn }) => isIn(shapes));
  const [encoder] = encodersIn(shapes);
  if (architecture !== undefined && encoder === undefined) {
    return `its decoder is that of ${architecture.className} of ${LIBRARY}, its encoder none that is known (docs/smp.md)${closestText(shapes)}`;
  }
  if (architecture === undefined && encoder !== undefined) {
    const decoder = [...shapes.keys()].filter((key) => key.startsWith(DECODER));
    const names = ARCHITECTURES.map(({ className }) => className).join(', ');
    return `its encoder is ${encoder.name} of ${LIBRARY}, its decoder none of ${names}, with ${listed(decoder.length === 1 ? 'key' : 'keys', decoder)}`;
  }
  return undefined;
}
