import { badModel, NmodeError } from '../../graph/common/errors.js';
import { fromHalf } from '../../graph/common/half.js';
import { elementCount } from '../../graph/ir/tensor.js';
import { arrayOf } from './own-inputs.js';
import type { RuntimeSession } from './runtime-session.js';
import type { Outputs, Port, TypedInputs, TypedTensor } from './tensors.js';

/** The side of what is tried where a model leaves its sizes open. */
const PROBE_SIDE = 128;

/** Elements of an image of 4096 x 4096 and 16 channels: what is tried must fit the memory. */
const MAX_PROBE = 2 ** 28;

/** How an accelerator's answer compares with the CPU's. */
export interface ProviderCheck {
  /** Largest difference, relative to max(1, |value|). */
  readonly maxDifference: number;
  readonly tolerance: number;
  /** Of one run on the small input, in milliseconds. */
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
}

/** A whole number for each index that looks random and is the same everywhere: the finalizer of MurmurHash3. */
function scramble(index: number): number {
  let h = index + 1;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The bits of 1 in half precision, and how many numbers there are from it up to 128. */
const [HALF_ONE, HALF_SPAN] = [0x3c00, 7 * 2 ** 10];

/** A scalar is a row of one. */
const SCALAR_WIDTH = 1;

/**
 * A small deterministic input: noise whose strength grows along the rows from 1 to 255, as recipes differ in range; zeros of a type that no
 * image has.
 * @throws NmodeError (BAD_MODEL) for one that is too large, or of another type
 */
export function probeInput({ dtype, name, shape }: Port): TypedTensor {
  const dims = shape.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? 1 : PROBE_SIDE));
  const length = elementCount(dims);
  if (length > MAX_PROBE) {
    throw badModel(`input '${name}' takes [${dims}], more than can be tried`);
  }
  if (dtype === 'uint8' || dtype === 'uint16') {
    const data = dtype === 'uint8' ? new Uint8Array(length) : new Uint16Array(length);
    for (let i = 0; i < length; i++) data[i] = scramble(i);
    return { type: dtype, dims, data } as TypedTensor;
  }
  if (dtype === 'float16') {
    const data = new Uint16Array(length);
    for (let i = 0; i < length; i++) data[i] = HALF_ONE + (scramble(i) % HALF_SPAN);
    return { type: dtype, dims, data };
  }
  if (dtype !== 'float32') {
    const Zeros = arrayOf(dtype);
    if (Zeros === undefined) throw badModel(`input '${name}' is ${dtype}, with which no model can be tried`);
    // What its numbers count or index is not known.
    return { type: dtype, dims, data: new Zeros(length) } as TypedTensor;
  }
  const width = dims.at(-1) ?? SCALAR_WIDTH;
  const strengths = Float64Array.from({ length: width }, (_, column) => 255 ** (column / width) / 2 ** 32);
  const data = new Float32Array(length);
  for (let i = 0; i < length; i++) data[i] = scramble(i) * (strengths[i % width] as number);
  return { type: dtype, dims, data };
}

/** Such an input for each port of a model. */
export function probeInputs(ports: readonly Port[]): TypedInputs {
  return Object.fromEntries(ports.map((port) => [port.name, probeInput(port)]));
}

/** Runs twice, since the first run also compiles and allocates. */
async function timed(session: RuntimeSession, inputs: TypedInputs) {
  await session.run(inputs);
  const start = performance.now();
  const outputs = await session.run(inputs);
  return { outputs, milliseconds: performance.now() - start };
}

/** An element of a tensor as a number; NaN for text. */
function numberAt(tensor: TypedTensor | undefined, index: number): number {
  const value = Number(tensor?.data[index] ?? Number.NaN);
  return tensor?.type === 'float16' ? fromHalf(value) : value;
}

function difference(found: Outputs, expected: Outputs): number {
  let worst = 0;
  for (const [name, output] of Object.entries(expected)) {
    for (let i = 0; i < output.data.length; i++) {
      const [a, b] = [numberAt(found[name], i), numberAt(output, i)];
      const relative = Object.is(a, b) ? 0 : Math.abs(a - b) / Math.max(1, Math.abs(b));
      if (!(relative <= worst)) worst = Number.isNaN(relative) ? Number.POSITIVE_INFINITY : relative;
    }
  }
  return worst;
}

/**
 * Compares an open session with the CPU on a small input: drivers are wrong sometimes.
 * @param openCpu opens the same model on the CPU
 * @param tolerance what the provider's arithmetic explains, relative to max(1, |value|)
 * @throws NmodeError (CANNOT_RUN) where they disagree by more
 */
export async function checkAgainstCpu(
  session: RuntimeSession,
  openCpu: () => Promise<RuntimeSession>,
  tolerance: number,
): Promise<ProviderCheck> {
  const inputs = probeInputs(session.inputs);
  const cpu = await openCpu();
  const expected = await timed(cpu, inputs).finally(() => cpu.release());
  const found = await timed(session, inputs);
  const maxDifference = difference(found.outputs, expected.outputs);
  if (maxDifference > tolerance) {
    throw new NmodeError(
      'CANNOT_RUN',
      `its answer to a test input differs from the CPU's by ${maxDifference.toExponential(1)} where ${tolerance} is allowed: the driver may be at fault`,
    );
  }
  return {
    maxDifference,
    tolerance,
    milliseconds: found.milliseconds,
    cpuMilliseconds: expected.milliseconds,
  };
}
