import { type Model, outlineOf } from '../../graph/model.js';
import { difference, probeInputs } from '../sessions/probe.js';
import type { Session } from '../sessions/session.js';
import type { Bytes, Floats, Inputs, Outputs, Port } from '../sessions/tensors.js';
import { elementsOf, split, stack } from './batch.js';
import type { RunTimes } from './run-times.js';

/** Runs by which a model is judged before its first request: the faster counts. */
const TIMED = 2;

/**
 * Learns how long a model takes which has been run before, so that its first requests are not judged by a guess. Where sizes
 * are open, nothing that could be run tells of those that come.
 */
export async function timeFirst(session: Session, times: RunTimes): Promise<void> {
  if (session.inputs.some(({ shape }) => shape.slice(1).some((size) => typeof size === 'string'))) return;
  const inputs = probeInputs(session.inputs);
  for (let i = 0; i < TIMED; i++) {
    const start = performance.now();
    await session.run(inputs);
    times.add(elementsOf(inputs), performance.now() - start);
  }
}

/** How far a row's answer may be from that which it gets alone, relative to max(1, |value|): kernels sum in another order. */
const TOLERANCE = 1e-4;

/**
 * Why requests of a model cannot be merged into one run; undefined where they can. What is declared is not enough: a model
 * whose batch is open may look across it (statistics of the batch, a maximum over all), or give other rows than it takes.
 * @throws NmodeError (CANNOT_RUN)
 */
export async function whyNotMerged(session: Session, model: Model): Promise<string | undefined> {
  const { inputs, outputs } = outlineOf(model);
  const [batch, ...others] = new Set(inputs.map(({ type }) => type?.shape?.[0]));
  if (typeof batch !== 'string' || others.length > 0) return 'the batch of its inputs is not open';
  if (!outputs.every(({ type }) => typeof type?.shape?.[0] === 'string')) {
    return 'the batch of its outputs is not open';
  }
  for (const [a, b] of pairsOf(session.inputs)) {
    const alone = [await session.run(a), await session.run(b)];
    const why = await session.run(stack([a, b])).then(
      (together) => compare(alone, together),
      () => 'it does not run on two rows',
    );
    if (why !== undefined) return why;
  }
  return undefined;
}

/** Rows of different values and ranges: what is scaled by the largest of all rows, or by their mean, shows. */
function pairsOf(ports: readonly Port[]): readonly (readonly [Inputs, Inputs])[] {
  const wide = probeInputs(ports);
  const narrow = mapped(wide, (data) => data.map((value) => value / 255));
  const reversed = mapped(narrow, (data) => data.toReversed());
  return [
    [wide, reversed],
    [narrow, reversed],
  ];
}

function mapped(inputs: Inputs, change: <T extends Float32Array | Uint8Array>(data: T) => unknown): Inputs {
  const entries = Object.entries(inputs);
  return Object.fromEntries(
    entries.map(([name, { dims, data }]) => [name, { dims, data: change(data) } as Floats | Bytes]),
  );
}

function compare(alone: readonly Outputs[], together: Outputs): string | undefined {
  let parts: readonly Outputs[];
  try {
    parts = split(together, [1, 1]);
  } catch {
    return 'it gives another number of rows than it takes';
  }
  const change = Math.max(...alone.map((row, index) => difference(parts[index] ?? {}, row)));
  if (change <= TOLERANCE) return undefined;
  return `its answer to a row changes by ${change.toPrecision(2)} with another row beside it`;
}
