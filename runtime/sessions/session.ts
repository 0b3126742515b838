/// <reference lib="esnext.disposable" preserve="true" />
import { badModel, badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import {
  checkOptions,
  each,
  either,
  FLAG,
  FUNCTION,
  type Kinds,
  NAMES,
  NUMBER,
  oneOf,
  SIGNAL,
  TEXT,
  TEXTS,
} from '../../graph/common/option-kinds.js';
import { withCallbacks } from '../common/callbacks.js';
import { buffersOf } from '../threads/protocol.js';
import type { Thread } from '../threads/thread.js';
import { ELEMENT_TYPES, ownInputs, refuseUnknown } from './own-inputs.js';
import type { ProviderCheck } from './probe.js';
import { Queue } from './queue.js';
import type { Opened, sessionMethods } from './session-methods.js';
import type {
  ElementType,
  FloatOutputs,
  Inputs,
  Outputs,
  PlainInputs,
  Port,
  TypedInputs,
} from './tensors.js';

/** Where a model runs, and why there. `P` is the platform's names of providers. */
export interface SharedProviderReport<P extends string = string> {
  readonly requested: readonly string[];
  readonly effective: P;
  /** Providers that were tried before, in order. */
  readonly attempts: readonly { readonly provider: P; readonly error: string }[];
  /** The comparison with the CPU; absent on the CPU itself and if it was disabled. */
  readonly check?: ProviderCheck;
}

/** How far the opening of a model is. `P` are the platform's names of providers. */
export type OpenProgress<P extends string = string> =
  /** A provider is tried: what it needs is looked for and, in browsers, fetched. */
  | { readonly kind: 'try'; readonly provider: P }
  /** All has come: the model is compiled, opened, compared. */
  | { readonly kind: 'open'; readonly provider: P }
  /** It does not work; the next is tried. */
  | { readonly kind: 'refuse'; readonly provider: P; readonly error: string }
  | { readonly kind: 'ready'; readonly provider: P };

export interface RunOptions<T extends ElementType = ElementType> {
  /** Rejects at once and drops waiting work. The result of a run in progress is discarded, since onnxruntime cannot be interrupted. */
  readonly signal?: AbortSignal;
  /**
   * Take the buffers of the inputs instead of copying what the tensors show of them: they are empty when `run` returns, all
   * of them and for all other views.
   */
  readonly transfer?: boolean;
  /** Names of the requested outputs. Default: all. */
  readonly outputs?: readonly string[];
  /** The element type that these must have: their `data` has its array then. Default any. */
  readonly type?: T;
  /** Since when it has waited, of `performance.now()`: a server runs what has waited longest first. Default now. */
  readonly since?: number;
  /** Called when a worker takes the run up. */
  readonly onStart?: () => void;
  /** Called with the memory of inputs that were given away, once it is free for another use. */
  readonly onSpent?: (buffers: ReadonlySet<ArrayBufferLike>) => void;
}

/** What sessions of all platforms take. */
export const SHARED_SESSION_KINDS = {
  providers: either(TEXT, TEXTS),
  ...each(['strict', 'check', 'warmUp'], FLAG),
  threads: NUMBER,
  ...{ onProgress: FUNCTION, signal: SIGNAL },
};

const RUN_KINDS: Kinds<RunOptions> = {
  ...{ signal: SIGNAL, transfer: FLAG, outputs: NAMES, type: oneOf([...ELEMENT_TYPES]), since: NUMBER },
  ...each(['onStart', 'onSpent'], FUNCTION),
};

/** A model loaded into onnxruntime, in threads of its own. Close it: it holds memory outside JavaScript's. */
export interface SharedSession<R extends SharedProviderReport = SharedProviderReport> {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly provider: R;
  readonly workers: number;
  /** Threads of one run. */
  readonly threads: number;
  /** Whether a thread is left. One that is lost fails the run that it had and gets no more; the others go on. */
  readonly alive: boolean;
  /**
   * Runs the model. The inputs are copied, or taken, before this returns.
   * @throws NmodeError: BAD_USAGE for names, types and sizes that the model does not declare, for inputs that are missing, and for what
   * is no tensor or holds nothing any more; BAD_MODEL for an output of another type than asked for; CANNOT_RUN, also where the thread that had it was lost, or none is left; the signal's reason
   */
  run<T extends ElementType = ElementType>(inputs: Inputs, options?: RunOptions<T>): Promise<Outputs<T>>;
  /** Waits for runs in progress, and rejects waiting ones. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A session, or what takes its place, of a model that is fed images or numbers and gives float32. */
export interface FloatSession<R extends SharedProviderReport = SharedProviderReport>
  extends Omit<SharedSession<R>, 'run'> {
  run(
    inputs: PlainInputs,
    options: RunOptions<'float32'> & { readonly type: 'float32' },
  ): Promise<FloatOutputs>;
}

/** A thread that owns a session, or will. */
export type SessionThread = Thread<ReturnType<typeof sessionMethods<never>>>;

/** @throws NmodeError (BAD_USAGE) */
export function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= 1024) return value;
  throw badUsage(`${name} ${value}: expected a whole number from 1 to 1024`);
}

/** What is told while a model is opened, and what stops it. */
interface Opening<P extends string = string> {
  readonly progress: (progress: OpenProgress<P>) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Opens a model on the first provider that works, one at a time.
 * @param choice that the candidates come from
 * @throws NmodeError (CANNOT_RUN) that says why none does; the signal's reason
 */
export async function openFirst<C extends { readonly name: string }, A extends Opened>(
  choice: 'auto' | readonly C['name'][],
  candidates: readonly C[],
  { progress, signal }: Opening<C['name']>,
  open: (candidate: C) => Promise<A>,
): Promise<{ candidate: C; opened: A; report: SharedProviderReport<C['name']> }> {
  const requested = choice === 'auto' ? ['auto'] : choice;
  const attempts: { provider: C['name']; error: string }[] = [];
  for (const candidate of candidates) {
    const { name: provider }: { name: C['name'] } = candidate;
    signal?.throwIfAborted();
    progress({ kind: 'try', provider });
    try {
      const opened = await open(candidate);
      const { check } = opened;
      const report = { requested, effective: provider, attempts, ...(check && { check }) };
      return { candidate, opened, report };
    } catch (error) {
      signal?.throwIfAborted();
      attempts.push({ provider, error: reason(error) });
      progress({ kind: 'refuse', provider, error: reason(error) });
    }
  }
  throw new NmodeError(
    'CANNOT_RUN',
    attempts
      .map(({ provider, error }) =>
        attempts.length > 1 || provider !== 'cpu' ? `${provider}: ${error}` : error,
      )
      .join('; '),
  );
}

/** @throws NmodeError (CANNOT_RUN) for an accelerator that the CPU outran: `auto` passes over it */
export function refuseSlower({ check }: Opened): void {
  if (check === undefined || check.milliseconds <= check.cpuMilliseconds) return;
  const [own, cpu] = [check.milliseconds.toFixed(1), check.cpuMilliseconds.toFixed(1)];
  throw new NmodeError('CANNOT_RUN', `slower than the CPU: ${own} ms against ${cpu} ms`);
}

/** Frees what threads hold, and ends them. */
export async function endAll(threads: readonly SessionThread[]): Promise<void> {
  await Promise.all(threads.map((thread) => thread.call('release', undefined).catch(() => {})));
  await Promise.all(threads.map((thread) => thread.close()));
}

/** The session of threads that have each opened the same model. */
export function sessionOf<R extends SharedProviderReport>(
  threads: readonly SessionThread[],
  { inputs, outputs }: Opened,
  provider: R,
  perRun: number,
): SharedSession<R> {
  const queue = new Queue(threads, (thread) => thread.alive);
  const close = async () => {
    await queue.close();
    await endAll(threads);
  };
  let closing: Promise<void> | undefined;
  const closeOnce = () => {
    closing ??= close();
    return closing;
  };
  return {
    inputs,
    outputs,
    provider,
    workers: threads.length,
    threads: perRun,
    get alive() {
      return threads.some((thread) => thread.alive);
    },
    async run<T extends ElementType>(feeds: Inputs, options: RunOptions<T> = {}) {
      checkOptions(options, RUN_KINDS);
      options.signal?.throwIfAborted();
      const found = await withCallbacks(options, (own) =>
        queue.add(jobOf(feeds, { inputs, outputs }, own), own.signal),
      );
      const { type } = options;
      return type === undefined ? (found as Outputs<T>) : ofType(found, type);
    },
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

/** Outputs of a run, all of one element type. @throws NmodeError (BAD_MODEL) for one of another */
export function ofType<T extends ElementType>(outputs: Outputs, type: T): Outputs<T> {
  const other = Object.entries(outputs).find(([, output]) => output.type !== type);
  if (other !== undefined) throw badModel(`output '${other[0]}' is ${other[1].type}, expected ${type}`);
  return outputs as Outputs<T>;
}

/** A run whose inputs are taken now. What is wrong with them is told in its turn: those who await runs in order meet it there. */
function jobOf(
  feeds: Inputs,
  ports: Pick<Opened, 'inputs' | 'outputs'>,
  { transfer = false, ...options }: RunOptions,
) {
  const { onStart, onSpent, outputs: wanted } = options;
  let inputs: TypedInputs;
  try {
    refuseUnknown('output', wanted ?? [], ports.outputs);
    inputs = ownInputs(feeds, ports.inputs, transfer);
  } catch (error) {
    return () => Promise.reject(error);
  }
  const giveBack = transfer && onSpent !== undefined;
  const request = { inputs, giveBack, ...(wanted && { outputs: [...wanted] }) };
  return async (thread: SessionThread): Promise<Outputs> => {
    onStart?.();
    const { outputs, spent = [] } = await thread.call('run', request, [...buffersOf(inputs)]);
    onSpent?.(buffersOf(spent));
    return outputs;
  };
}
