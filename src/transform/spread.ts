import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import type { Model } from '../../graph/ir/model.js';
import type { FloatOutputs, Inputs } from '../../runtime/sessions/tensors.js';
import { outputOf } from './output-of.js';
import { runAll } from './run-all.js';
import type { Watch } from './watch.js';

/** What onnxruntime may do to a graph when it loads it, and how it may share the work: none of it changes what a model means. Those that differ most come first. */
const SETTINGS = [1, 2].flatMap((threads) =>
  (['disabled', 'all', 'basic', 'extended'] as const).map((graphOptimization) => ({
    graphOptimization,
    threads,
  })),
);

/** With fewer settings than these, nothing is apart. */
const FEWEST = 2;

/**
 * How far what onnxruntime itself makes of one model is apart, by output: the largest difference of any two of its settings, on any
 * of the inputs. No rewriting can be held to less. Fewer are tried, so that it is at least as much, where the time is up, or what was found is enough.
 */
export async function spreadOf(
  model: Model,
  feeds: readonly Inputs[],
  { signal, onProgress, isTimeUp }: Watch = {},
  isEnough: (spreads: ReadonlyMap<string, number>) => boolean = () => false,
): Promise<ReadonlyMap<string, number>> {
  const names = model.graph.outputs.map(({ name }) => name);
  const reached = new Map(names.map((name) => [name, new Array<Reach | undefined>(feeds.length)]));
  const spreads = () =>
    new Map(Array.from(reached, ([name, each]) => [name, Math.max(0, ...each.map(widest))]));
  const total = SETTINGS.length * feeds.length;
  onProgress?.(0, total, 'images');
  for (const [place, settings] of SETTINGS.entries()) {
    if (place >= FEWEST && (isTimeUp?.() || isEnough(spreads()))) break;
    const take = (outputs: FloatOutputs, index: number) => {
      for (const [name, each] of reached) each[index] = widened(each[index], outputOf(outputs, name).data);
      onProgress?.(place * feeds.length + index + 1, total, 'images');
    };
    // A setting with which onnxruntime cannot run a model is none that anyone uses for it.
    await runAll(model, feeds, { ...settings, signal }, take).catch((error: unknown) => {
      if (!(error instanceof NmodeError) || error.code !== 'CANNOT_RUN') throw error;
    });
  }
  return spreads();
}

/** The smallest and largest of each element. */
interface Reach {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

function widened(reach: Reach | undefined, values: ArrayLike<number>): Reach {
  if (reach === undefined) return { low: Float32Array.from(values), high: Float32Array.from(values) };
  const { low, high } = reach;
  for (let index = 0; index < low.length; index++) {
    const value = at(values, index);
    if (value < at(low, index)) low[index] = value;
    if (value > at(high, index)) high[index] = value;
  }
  return reach;
}

function widest(reach: Reach | undefined): number {
  if (reach === undefined) return 0;
  return reach.high.reduce((most, value, index) => Math.max(most, value - at(reach.low, index)), 0);
}
