import { badModel, NmodeError } from '../../graph/common/errors.js';
import { elementCount } from '../../graph/ir/tensor.js';
import type { RuntimeSession } from './runtime-session.js';
import type { Inputs, Outputs, Port } from './tensors.js';

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

/** A small deterministic input: noise whose strength grows along the rows from 1 to 255, as recipes differ in range. */
export function probeInput({ dtype, name, shape }: Port): Inputs[string] {
  const dims = shape.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? 1 : PROBE_SIDE));
  const length = elementCount(dims);
  if (length > MAX_PROBE) {
    throw badModel(`input '${name}' takes [${dims}], more than can be tried`);
  }
  if (dtype === 'uint8' || dtype === 'uint16') {
    const data = dtype === 'uint8' ? new Uint8Array(length) : new Uint16Array(length);
    for (let i = 0; i < length; i++) data[i] = scramble(i);
    return { dims, data };
  }
  if (dtype === 'float16') {
    const data = new Uint16Array(length);
    for (let i = 0; i < length; i++) data[i] = HALF_ONE + (scramble(i) % HALF_SPAN);
    return { dims, data };
  }
  if (dtype !== 'float32') {
    throw badModel(`input '${name}' is ${dtype}, expected float32, float16, uint8 or uint16`);
  }
  const width = dims.at(-1) ?? SCALAR_WIDTH;
  const strengths = Float64Array.from({ length: width }, (_, column) => 255 ** (column / width) / 2 ** 32);
  const data = new Float32Array(length);
  for (let i = 0; i < length; i++) data[i] = scramble(i) * (strengths[i % width] as number);
  return { dims, data };
}

/** Such an input for each port of a model. */
export function probeInputs(ports: readonly Port[]): Inputs {
  return Object.fromEntries(ports.map((port) => [port.name, probeInput(port)]));
}

/** Runs twice, since the first run also compiles and allocates. */
async function timed(
  session: RuntimeSession,
  inputs: Inputs,
): Promise<{ outputs: Outputs; milliseconds: number }> {
  await session.run(inputs);
  const start = performance.now();
  const outputs = await session.run(inputs);
  return { outputs, milliseconds: performance.now() - start };
}

function difference(found: Outputs, expected: Outputs): number {
  let worst = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const other = found[name]?.data;
    for (let i = 0; i < data.length; i++) {
      const [a, b] = [other?.[i] ?? Number.NaN, data[i] as number];
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
