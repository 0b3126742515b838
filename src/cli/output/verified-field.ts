import type { ExportReport, GraftReport, ReferenceParity } from '../../index.js';
import type { Field } from './print.js';

/** How far a reference was missed, and by what, where that is not the file as written. */
export function verifiedField({
  verified,
  precision,
  io = 'tensor',
}: Pick<GraftReport, 'verified' | 'precision'> & Partial<Pick<ExportReport, 'io'>>): Field {
  if (verified === undefined) return ['verified', undefined];
  const worst = Math.max(...Object.values(verified.outputs).map(({ maxAbs }) => maxAbs));
  const found = `largest difference from the reference ${worst.toExponential(2)}${scaleText(verified)}`;
  if (verified.of === 'file') return ['verified', found];
  const network = io === 'image' ? 'the network on preprocessed tensors' : 'the network';
  const before = precision === 'fp32' ? '' : `, before it was lowered to ${precision}`;
  return ['verified', `${network}${before}: ${found}`];
}

/** What logits were held to, where no tolerance was given. */
function scaleText({ scaled, atol, outputs }: ReferenceParity): string {
  if (!scaled) return '';
  const each = Object.values(outputs)
    .filter(({ largest }) => largest > 1)
    .map(
      ({ largest, allowed }) =>
        `logits up to ${largest.toPrecision(3)}: ${atol.toExponential()} of that is allowed, ${allowed.toExponential(1)}`,
    );
  return each.length === 0 ? '' : ` (${each.join('; ')})`;
}
