import { stringOf } from '../../graph/ir/attribute.js';
import { type Model, type Node, nodeName } from '../../graph/ir/model.js';
import type { OutputActivation } from '../../graph/ir/output-activation.js';
import { type Assumption, assumptionsText } from '../../graph/recipe/assumption.js';
import { leavesUnit } from './pair.js';
import { DEFAULT_TOLERANCE, type OutputParity, type Parity } from './parity.js';

/** What is known of a model that misses its reference. */
export interface Missed {
  readonly parity: Parity;
  /** What the model ends in. */
  readonly end: OutputActivation;
  /** What was taken for what its checkpoint does not say, and not proven. */
  readonly assumed: readonly Assumption[];
  /** An operator that interpolates from the corners of pixels. */
  readonly cornered?: Node | undefined;
}

/** Opset 9's Upsample, opset 10's Resize, and a later one that is told to: PyTorch's interpolate never does so. */
export const cornered = ({ graph, opsets }: Model): Node | undefined =>
  graph.nodes.find(({ opType, attributes }) => {
    const isFirst = opType === 'Upsample' || (opType === 'Resize' && opsets.get('') === 10);
    const mode = stringOf(attributes, 'mode', 'nearest');
    const place = stringOf(
      attributes,
      'coordinate_transformation_mode',
      isFirst ? 'asymmetric' : 'half_pixel',
    );
    return (isFirst || opType === 'Resize') && mode.startsWith('linear') && place === 'asymmetric';
  });

/** Beyond this, elements near 0 decide, and a relative tolerance would let anything pass. */
const MAX_RTOL = 1e-3;

/** What may be why a reference is missed, a sentence each; what is sure goes alone. */
export function missedHints({ parity, end, assumed, cornered }: Missed): readonly string[] {
  const outputs = Object.values(parity.outputs);
  const missed = outputs.filter(({ pass }) => !pass);
  // What a head follows comes first.
  const areLogits = outputs.slice(0, 1).some(isOfLogits);
  if ((end === 'sigmoid' || end === 'softmax') && areLogits)
    return [
      "the reference's outputs leave [0, 1], so that they are logits: save what follows them (their sigmoid or softmax), or export with `head: 'none'` and give predict `head`",
    ];
  if (missed.length > 0 && missed.every((output) => isRounding(output, parity)))
    return [scaleHint(missed, parity)];
  const isFar = !missed.every(isSmall);
  const hints: string[] = [];
  if (cornered !== undefined && isFar)
    hints.push(
      `'${nodeName(cornered)}' (${cornered.opType}) interpolates from the corners of pixels, as opset 9 and 10 do and PyTorch does not: export the network again with opset 11 or later`,
    );
  if (end === 'logits' && !areLogits)
    hints.push(
      "the reference's outputs lie within [0, 1], as probabilities do, and the model gives logits: `head`",
    );
  if (assumed.length > 0 && isFar)
    hints.push(`what the checkpoint does not say was assumed: ${assumptionsText(assumed)}`);
  return hints;
}

/** Probabilities never do. They are furthest from such a reference where it does: the worst element tells. */
function isOfLogits({ largest, worst: { expected } }: OutputParity): boolean {
  return leavesUnit(largest) || leavesUnit(expected);
}

/** Whether a difference is no larger, beside the largest value, than what passes beside 1. */
function isRounding({ maxAbs, largest }: OutputParity, { atol }: Parity): boolean {
  return largest > 1 && maxAbs <= atol * largest;
}

/** Whether a difference is what rounding gives: it says nothing against what was assumed. */
function isSmall({ maxAbs, largest }: OutputParity): boolean {
  return maxAbs <= DEFAULT_TOLERANCE.atol * Math.max(1, largest);
}

/** Two digits, rounded up. */
function roundedUp(value: number): string {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return (Math.ceil(value / unit) * unit).toExponential(1);
}

function scaleHint(missed: readonly OutputParity[], { atol }: Parity): string {
  const worst = (figure: (output: OutputParity) => number) => Math.max(...missed.map(figure));
  const [off, largest] = [worst(({ maxAbs }) => maxAbs), worst((output) => output.largest)];
  const rtol = worst(({ neededRtol }) => neededRtol);
  const wider = rtol <= MAX_RTOL ? `rtol: ${roundedUp(rtol)}` : `atol: ${roundedUp(atol * largest)}`;
  return `logits, not probabilities: off by ${off.toExponential(2)} where the largest is ${largest.toPrecision(3)}, relative ${(off / largest).toExponential(1)}: \`${wider}\` allows it`;
}
