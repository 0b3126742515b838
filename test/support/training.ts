import { readFileSync } from 'node:fs';
import { nmodeLogits } from '../../exporters/assembly/build.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import type { Order } from '../../exporters/decoders/block.js';
import type { SolverId } from '../../exporters/decoders/solvers.js';
import type { Activation } from '../../exporters/decoders/variant.js';
import { Weights } from '../../exporters/nn/weights.js';
import { encodeModel } from '../../graph/file/write.js';
import { float32Values } from '../../graph/ir/tensor.js';
import { input } from '../../graph/ir/value.js';
import { crossEntropy, softDice, weightedSum } from '../../graph/training/losses.js';
import { oneCycle } from '../../graph/training/schedule.js';
import {
  type Numbers,
  type TrainingOptions,
  type TrainingState,
  trainingStep,
} from '../../graph/training/step.js';
import { fixture } from './fixtures.js';
import { seeded } from './seeded.js';

/** One line of fixtures/gradients/steps.json. */
export interface TrainingCase {
  readonly decoder: SolverId;
  readonly order: Order;
  readonly activation: Activation;
  readonly classes: number;
  readonly form: 'release' | 'paper';
  readonly statistics: 'batch' | 'running';
  /** Of the state, in the order of the numbers. */
  readonly keys: readonly string[];
  /** How far PyTorch's float32 is from its float64 after the first step, and after the last. */
  readonly float32_error: readonly [number, number];
}

export const trainingCases: readonly TrainingCase[] = JSON.parse(
  readFileSync(fixture('gradients', 'steps.json'), 'utf8'),
);

export const caseName = ({ decoder, order, activation, classes, form, statistics }: TrainingCase) =>
  `${decoder} ${order} ${activation} ${form}, ${classes} classes, ${statistics}`;

/** As in fixtures/training.py. */
const [WIDTHS, BATCH, SIDE] = [[2, 3, 4], 2, 8];
export const STEPS = 20;

const seededNumbers = (key: string, dims: readonly number[], change: (value: number) => number): Numbers => ({
  dims,
  data: float32Values(seeded(key, dims)).map(change),
});

/** The step of a case, and what it is fed. */
export function trainingOf(
  { decoder, order, activation, classes, form, statistics }: TrainingCase,
  more: Pick<TrainingOptions, 'isTrained'> = {},
) {
  const levels = WIDTHS.map((width, level) => {
    const name = `skip${level + 1}`;
    const dims = [BATCH, width, SIDE >> level, SIDE >> level];
    const feed = seededNumbers(`${name}.bias`, dims, (value) => 5 * value);
    return { name, feed, value: input(name, 'float32', dims), scale: [1 << level, 1 << level] };
  });
  const description = { id: decoder, order, activation, kernel: 3, stateChannels: 2 };
  const logits = nmodeLogits(
    levels,
    { ...description, solverOptions: { form } },
    classes,
    Weights.from(seeded),
  );
  const step = trainingStep({
    inputs: levels.map(({ value }) => value),
    logits,
    head: classes === 1 ? 'sigmoid' : 'softmax',
    loss: weightedSum([
      [1, crossEntropy],
      [1, softDice()],
    ]),
    optimizer: { rates: oneCycle(0.02, STEPS), weightDecay: 0.01, maxNorm: 0.5 },
    statistics,
    ...more,
  });
  const targets = seededNumbers('targets.running_var', [BATCH, classes, SIDE, SIDE], (value) => value - 0.5);
  if (classes > 1) shareOut(targets.data, classes);
  return { step, feeds: { ...Object.fromEntries(levels.map(({ name, feed }) => [name, feed])), targets } };
}

/** Makes the classes of each place add up to 1. */
function shareOut(data: Float32Array, classes: number): void {
  const places = SIDE * SIDE;
  for (let image = 0; image < BATCH; image++) {
    for (let place = 0; place < places; place++) {
      const at = (c: number) => (image * classes + c) * places + place;
      const sum = Array.from({ length: classes }, (_, c) => Number(data[at(c)])).reduce((a, b) => a + b, 0);
      for (let c = 0; c < classes; c++) data[at(c)] = Number(data[at(c)]) / sum;
    }
  }
}

/** A state by the names of its weights and statistics, with the `loss` that led to it and, after the last step, `probabilities`. */
export type Snapshot = ReadonlyMap<string, ArrayLike<number>>;

const numbers = await readReference(fixture('gradients', 'steps.safetensors'));

/** What PyTorch has in float64 after the first step and after the last. */
function expectedOf(line: TrainingCase, sizes: ReadonlyMap<string, number>): readonly Snapshot[] {
  const tensor = numbers.get(String(trainingCases.indexOf(line)));
  if (tensor === undefined) throw new Error(`no numbers of ${caseName(line)}`);
  let rest = float32Values(tensor);
  return [line.keys.filter((key) => key !== 'probabilities'), line.keys].map((keys) => {
    const entries = keys.map((key): [string, Float32Array] => {
      const taken = rest.subarray(0, sizes.get(key));
      rest = rest.subarray(taken.length);
      return [key, taken];
    });
    return new Map(entries);
  });
}

const onnxruntime = await import('onnxruntime-node');

/** Runs the steps of a case. @returns what it has after the first step and after the last */
export async function train(
  line: TrainingCase,
  { threads = 1, ...more }: Pick<TrainingOptions, 'isTrained'> & { readonly threads?: number } = {},
): Promise<readonly Snapshot[]> {
  const { step, feeds } = trainingOf(line, more);
  const options = { intraOpNumThreads: threads, logSeverityLevel: 4 } as const;
  const session = await onnxruntime.InferenceSession.create(encodeModel(step.model), options);
  const run = async (state: TrainingState) => {
    const tensors = Object.entries({ ...feeds, ...state }).map(([name, { dims, data }]) => [
      name,
      new onnxruntime.Tensor('float32', data, dims),
    ]);
    const results = await session.run(Object.fromEntries(tensors));
    return results as unknown as Readonly<Record<string, Numbers>>;
  };
  const snapshots: Snapshot[] = [];
  let state = step.initialState();
  for (let count = 1; count <= STEPS; count++) {
    const outputs = await run(state);
    state = step.nextState(outputs);
    if (count > 1 && count < STEPS) continue;
    const weights = [...step.weights(state)].map(([name, tensor]) => [name, float32Values(tensor)] as const);
    snapshots.push(new Map([...weights, ['loss', outputs.loss?.data ?? []]]));
  }
  const { logits } = await run(state);
  await session.release();
  const probabilities =
    line.classes === 1 ? sigmoids(logits?.data ?? []) : softmaxes(logits?.data ?? [], line.classes);
  const last = snapshots.at(-1);
  return [...snapshots.slice(0, -1), new Map([...(last ?? []), ['probabilities', probabilities]])];
}

const sigmoids = (logits: ArrayLike<number>) => Array.from(logits, (x) => 1 / (1 + Math.exp(-x)));

function softmaxes(logits: ArrayLike<number>, classes: number): number[] {
  const places = SIDE * SIDE;
  const powers = Array.from(logits, Math.exp);
  return powers.map((power, index) => {
    const image = Math.floor(index / (classes * places));
    const others = Array.from(
      { length: classes },
      (_, c) => (image * classes + c) * places + (index % places),
    );
    return power / others.reduce((sum, other) => sum + Number(powers[other]), 0);
  });
}

/** The largest difference of any number. */
export function furthest(found: Snapshot, expected: Snapshot, keys: Iterable<string>): number {
  let largest = 0;
  for (const key of keys) {
    const [a, b] = [found.get(key) ?? [], expected.get(key) ?? []];
    if (a.length !== b.length || a.length === 0) return Number.POSITIVE_INFINITY;
    for (let index = 0; index < a.length; index++) {
      largest = Math.max(largest, Math.abs(Number(a[index]) - Number(b[index])));
    }
  }
  return largest;
}

/** The largest differences of a training from PyTorch's in float64. */
export interface TrainingErrors {
  readonly afterOne: number;
  readonly afterAll: number;
  readonly probabilities: number;
}

export async function errorsOf(line: TrainingCase): Promise<TrainingErrors> {
  const found = await train(line);
  const sizes = new Map([...(found.at(-1) ?? [])].map(([key, { length }]) => [key, length]));
  const [first, last] = expectedOf(line, sizes);
  const [foundFirst, foundLast] = found;
  if (!first || !last || !foundFirst || !foundLast) throw new Error('no states');
  return {
    afterOne: furthest(foundFirst, first, first.keys()),
    afterAll: furthest(foundLast, last, last.keys()),
    probabilities: furthest(foundLast, last, ['probabilities']),
  };
}

/** What they may be: no more than thrice PyTorch's own in float32, or what is no error at all. */
export function isClose({ afterOne, afterAll, probabilities }: TrainingErrors, line: TrainingCase): boolean {
  return afterOne <= Math.max(1e-5, 3 * line.float32_error[0]) && afterAll <= 1e-3 && probabilities <= 1e-4;
}
