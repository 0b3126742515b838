import type { ExportReport, GraftReport, ReferenceParity } from '../../index.js';
import { count } from '../../reports/figures.js';
import type { OutputDifference } from '../../transform/difference.js';
import type { ImageDifference } from '../../transform/image-comparison.js';
import { reachText } from '../../transform/reach.js';
import type { Transformed } from '../../transform/transform.js';
import { assumedNetworkField, costField, untypedFields } from './fields.js';
import type { Field } from './print.js';

/** What is said of every model that is made: its cost, what was assumed, how it was verified and rewritten, notes. */
export function proofFields(report: ExportReport | GraftReport): readonly Field[] {
  return [
    costField(report),
    assumedNetworkField(report.assumed, report.verified !== undefined),
    verifiedField(report),
    ...transformFields(report),
    ...report.notes.map((note) => ['note', note] as const),
  ];
}

/** How far a reference was missed, and by what, where that is not the file as written. */
function verifiedField({
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

/**
 * What was done to a graph, a line a matter.
 * @param why list the nodes without a type
 */
export function transformFields(report: Omit<Transformed, 'model'>, why?: true): readonly Field[] {
  const { level, precision, changes, direct, denormals } = report;
  const { quantized, reached, slower, untyped = [], difference } = report;
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
    ...untypedFields(untyped, why),
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
