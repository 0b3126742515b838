import { at } from '../../graph/common/at.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import type { OutputActivation } from '../../graph/ir/output-activation.js';
import { elementCount, type Tensor, unravel } from '../../graph/ir/tensor.js';
import { DEFAULT_THRESHOLD } from '../../runtime/masks/threshold.js';
import type { Session } from '../../runtime/node/sessions/session.js';
import { concatenate, rowsOf } from '../../runtime/sessions/rows.js';
import type { FloatOutputs, Floats, Port } from '../../runtime/sessions/tensors.js';
import { badReference, leavesUnit, type Paired, pairTensors } from './pair.js';

/** What passes where nothing else is said: fp32 against PyTorch, on probabilities. */
export const DEFAULT_TOLERANCE = { atol: 1e-5, rtol: 0 };

export interface ParityOptions {
  /** Largest absolute difference that passes; default 1e-5. */
  readonly atol?: number;
  /** Added to it: this times |reference|; default 0. */
  readonly rtol?: number;
  /** Whether atol is taken times the largest |reference| of an output, where that is above 1: logits round as they grow. */
  readonly scaled?: boolean;
  /** The least probability of the mask; default 0.5, which of logits is 0. */
  readonly threshold?: number;
}

/** How an output compares with its reference. NaN or infinity on one side only counts as a miss. */
export interface OutputParity {
  readonly pass: boolean;
  readonly maxAbs: number;
  readonly meanAbs: number;
  /** Relative to |reference|, over the elements where that is not 0. */
  readonly maxRel: number;
  readonly meanRel: number;
  /** The largest |reference|. */
  readonly largest: number;
  /** The absolute difference that passed: atol, or where it is scaled atol times the largest. */
  readonly allowed: number;
  /** The least rtol with which every element would have passed. */
  readonly neededRtol: number;
  /** Elements that are beyond the tolerance. */
  readonly missed: number;
  readonly elements: number;
  /** The element with the largest absolute difference. */
  readonly worst: { readonly index: readonly number[]; readonly found: number; readonly expected: number };
  /** Share of elements on different sides of the threshold, 0..1; absent for what are neither probabilities nor logits of masks. */
  readonly maskDisagreement?: number;
}

export interface Parity {
  readonly pass: boolean;
  readonly atol: number;
  readonly rtol: number;
  readonly scaled: boolean;
  readonly outputs: Readonly<Record<string, OutputParity>>;
}

function toleranceOf(options: ParityOptions) {
  return { ...DEFAULT_TOLERANCE, scaled: false, ...pick(options, ['atol', 'rtol', 'scaled']) };
}

function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i] as number);
    if (Number.isFinite(magnitude) && magnitude > largest) largest = magnitude;
  }
  return largest;
}

/** Where masks are cut, of an output with a reference of this largest |value|; undefined where there are none. */
function cutOf(end: OutputActivation, largest: number, threshold = DEFAULT_THRESHOLD): number | undefined {
  if (end === 'logits') return Math.log(threshold / (1 - threshold));
  return leavesUnit(largest) ? undefined : threshold;
}

/** Compares two arrays of one shape, element by element. @param end what the output of the model is */
export function compareOutputs(
  found: Floats,
  expected: Floats,
  options: ParityOptions = {},
  end: OutputActivation = 'unknown',
): OutputParity {
  const { atol, rtol, scaled } = toleranceOf(options);
  const elements = expected.data.length;
  const largest = largestOf(expected.data);
  const allowed = scaled ? atol * Math.max(1, largest) : atol;
  const cut = cutOf(end, largest, options.threshold);
  let [maxAbs, sumAbs, maxRel, sumRel, missed, worst, flipped, neededRtol] = [-1, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < elements; i++) {
    const [a, b] = [found.data[i] ?? Number.NaN, expected.data[i] ?? Number.NaN];
    const same = Object.is(a, b) || a === b;
    const difference = same ? 0 : Math.abs(a - b);
    const abs = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    const rel = b === 0 ? 0 : abs / Math.abs(b);
    if (abs > 0 && !(Number.isFinite(abs) && abs <= allowed + rtol * Math.abs(b))) missed++;
    // Of what is not a number there is no share.
    if (abs > allowed)
      neededRtol = Math.max(neededRtol, Number.isFinite(b) ? (abs - allowed) / Math.abs(b) : abs);
    if (abs > maxAbs) [maxAbs, worst] = [abs, i];
    if (rel > maxRel) maxRel = rel;
    if (cut !== undefined && a >= cut !== b >= cut) flipped++;
    sumAbs += abs;
    sumRel += rel;
  }
  return {
    pass: missed === 0,
    maxAbs: Math.max(maxAbs, 0),
    meanAbs: sumAbs / elements,
    maxRel,
    meanRel: sumRel / elements,
    largest,
    allowed,
    neededRtol,
    missed,
    elements,
    worst: {
      index: unravel(worst, expected.dims),
      found: found.data[worst] ?? Number.NaN,
      expected: expected.data[worst] ?? Number.NaN,
    },
    ...(cut !== undefined && { maskDisagreement: flipped / elements }),
  };
}

/** Examples `from` to `to` of a batch. */
function slice({ dims, data }: Floats, from: number, to: number): Floats {
  const [, ...rest] = dims;
  const size = elementCount(rest);
  return { dims: [to - from, ...rest], data: data.slice(from * size, to * size) };
}

/**
 * Runs a model on reference inputs and compares its outputs with reference outputs. A reference batch that is a multiple
 * of the model's runs in slices.
 * @param reference tensors by the names of the model's inputs and outputs; single ones may have any name
 * @param endOf what an output of the model is
 * @throws NmodeError (BAD_REFERENCE) where tensors do not pair up or shapes differ
 */
export async function verifySession(
  session: Session,
  reference: ReadonlyMap<string, Tensor>,
  options: ParityOptions = {},
  endOf: (output: string) => OutputActivation = () => 'unknown',
): Promise<Parity> {
  const { inputs, expected } = pairTensors(session, reference);
  const found = await runInSlices(session, inputs);
  const outputs = expected.map(([name, tensor]): [string, OutputParity] => {
    const result = found[name];
    if (result === undefined || String(result.dims) !== String(tensor.dims)) {
      throw badReference(
        `the reference '${tensor.name}' is [${tensor.dims}], the model's ${name} [${result?.dims ?? ''}]`,
      );
    }
    return [name, compareOutputs(result, tensor, options, endOf(name))];
  });
  const pass = outputs.every(([, output]) => output.pass);
  return { pass, ...toleranceOf(options), outputs: Object.fromEntries(outputs) };
}

/** All examples of the inputs, as many at a time as the model takes; outputs are joined. */
async function runInSlices(session: Session, inputs: Paired['inputs']): Promise<FloatOutputs> {
  checkShapes(session.inputs, inputs);
  const total = rowsOf(inputs);
  const batch = at(session.inputs, 0).shape[0];
  const size = typeof batch === 'number' ? batch : total;
  if (size === total) return session.run(inputs, { type: 'float32' });
  const parts: FloatOutputs[] = [];
  for (let row = 0; row < total; row += size) {
    const part = Object.entries(inputs).map(([name, floats]) => [name, slice(floats, row, row + size)]);
    parts.push(await session.run(Object.fromEntries(part), { type: 'float32' }));
  }
  return Object.fromEntries(
    session.outputs.map(({ name }) => {
      const found = parts.map((part) => part[name]).filter((part) => part !== undefined);
      return [name, concatenate(found)];
    }),
  );
}

function checkShapes(ports: readonly Port[], inputs: Paired['inputs']): void {
  for (const { name, shape } of ports) {
    const dims = inputs[name]?.dims ?? [];
    const fits = (dim: number, axis: number) => {
      const size = shape[axis];
      return typeof size !== 'number' || size < 0 || (axis === 0 ? dim % size === 0 : dim === size);
    };
    const wrong = dims.flatMap((dim, axis) => (fits(dim, axis) ? [] : [axis]));
    if (dims.length !== shape.length || wrong.length > 0) {
      const isOfSpace = dims.length === shape.length && wrong.every((axis) => axis > 1);
      const way = isOfSpace
        ? `, or export the model with ${option('size')} ${dims.slice(2).join('x')}, or for any size with \`exportModel({ size: {} })\``
        : '';
      throw badReference(
        `the reference '${inputs[name]?.name}' is [${dims}], the model's ${name} [${shape}] or a multiple of its batch: make a reference of that size${way}`,
      );
    }
  }
}
