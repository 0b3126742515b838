import { at } from '../../../graph/common/at.js';
import { badModel } from '../../../graph/common/errors.js';
import { type Model, outlineOf } from '../../../graph/ir/model.js';
import { probeInputs } from '../../sessions/probe.js';
import type { SharedSession } from '../../sessions/session.js';
import type { FloatOutputs, PlainInputs, Port } from '../../sessions/tensors.js';
import { elementsOf, split, stack } from './batch.js';
import type { RunTimes } from './run-times.js';

/** Element types of inputs that are served. */
const SERVED = new Set(['float32', 'float16', 'uint8', 'uint16']);

/** @throws NmodeError (BAD_MODEL) for inputs and outputs of element types that are not served */
export function checkServed({ inputs, outputs }: Pick<SharedSession, 'inputs' | 'outputs'>): void {
  const input = inputs.find(({ dtype }) => !SERVED.has(dtype));
  if (input !== undefined) {
    throw badModel(`input '${input.name}' is ${input.dtype}, expected ${[...SERVED].join(', ')}`);
  }
  const output = outputs.find(({ dtype }) => dtype !== 'float32');
  if (output !== undefined) throw badModel(`output '${output.name}' is ${output.dtype}, expected float32`);
}

/** Noise for what is served. */
const probes = (ports: readonly Port[]) => probeInputs(ports) as PlainInputs;

const FLOATS = { type: 'float32' } as const;

/** Runs by which a model is judged before its first request: the faster counts. */
const TIMED = 2;

/**
 * Learns how long a model takes which has been run before, so that its first requests are not judged by a guess. Where sizes
 * are open, nothing that could be run tells of those that come.
 */
export async function timeFirst(session: SharedSession, times: RunTimes): Promise<void> {
  if (session.inputs.some(({ shape }) => shape.slice(1).some((size) => typeof size === 'string'))) return;
  const inputs = probes(session.inputs);
  for (let i = 0; i < TIMED; i++) {
    const start = performance.now();
    await session.run(inputs, FLOATS);
    times.add(elementsOf(inputs), performance.now() - start);
  }
}

/** How far a row's answer may be from that which it gets alone, relative to the largest value of the output: kernels sum in another order. */
const TOLERANCE = 1e-4;

/**
 * Why requests of a model cannot be merged into one run; undefined where they can. What is declared is not enough: a model
 * whose batch is open may look across it (statistics of the batch, a maximum over all), or give other rows than it takes.
 * @throws NmodeError (CANNOT_RUN)
 */
export async function whyNotMerged(session: SharedSession, model: Model): Promise<string | undefined> {
  const { inputs, outputs } = outlineOf(model);
  const [batch, ...others] = new Set(inputs.map(({ type }) => type?.shape?.[0]));
  if (typeof batch !== 'string' || others.length > 0) return 'the batch of its inputs is not open';
  if (!outputs.every(({ type }) => typeof type?.shape?.[0] === 'string')) {
    return 'the batch of its outputs is not open';
  }
  const answers = new Map<PlainInputs, FloatOutputs>();
  for (const rows of groupsOf(session.inputs)) {
    const alone: FloatOutputs[] = [];
    for (const row of rows) {
      const answer = answers.get(row) ?? (await session.run(row, FLOATS));
      answers.set(row, answer);
      alone.push(answer);
    }
    const why = await session.run(stack(rows), FLOATS).then(
      (together) => compare(alone, together),
      () => `it does not run on ${rows.length} rows`,
    );
    if (why !== undefined) return why;
  }
  return undefined;
}

/** Rows of different values, signs and ranges: what is scaled by the largest or least of all rows, or by their mean, or comes from another, shows. */
function groupsOf(ports: readonly Port[]): readonly (readonly PlainInputs[])[] {
  const wide = probes(ports);
  const narrow = mapped(wide, (data) => data.map((value) => value / 255));
  const reversed = mapped(narrow, (data) => data.toReversed());
  const negative = mapped(reversed, (data) => data.map((value) => -3 * value));
  const huge = mapped(wide, (data) => data.map((value) => 257 * value));
  return [
    [wide, reversed, narrow],
    [narrow, negative, reversed, wide],
    [reversed, huge, negative, narrow, wide],
  ];
}

function mapped(
  inputs: PlainInputs,
  change: <T extends PlainInputs[string]['data']>(data: T) => unknown,
): PlainInputs {
  const entries = Object.entries(inputs);
  return Object.fromEntries(
    entries.map(([name, { dims, data }]) => [name, { dims, data: change(data) } as PlainInputs[string]]),
  );
}

function compare(alone: readonly FloatOutputs[], together: FloatOutputs): string | undefined {
  const rows = alone.map(() => 1);
  let parts: readonly FloatOutputs[];
  try {
    parts = split(together, rows);
  } catch {
    return 'it gives another number of rows than it takes';
  }
  const change = Math.max(...alone.map((row, index) => changeOf(at(parts, index), row)));
  if (change <= TOLERANCE) return undefined;
  return `its answer to a row changes by ${change.toPrecision(2)} with another row beside it`;
}

/** The largest difference, relative to the largest value of its output; infinite where one has a number and the other has none. */
function changeOf(found: FloatOutputs, expected: FloatOutputs): number {
  let worst = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const others = found[name]?.data ?? [];
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const [index, value] of data.entries()) {
      const other = others[index] ?? Number.NaN;
      const change = Object.is(other, value) ? 0 : Math.abs(other - value) / largest;
      if (!(change <= worst)) worst = Number.isNaN(change) ? Number.POSITIVE_INFINITY : change;
    }
  }
  return worst;
}
