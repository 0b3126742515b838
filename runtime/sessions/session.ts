/// <reference lib="esnext.disposable" preserve="true" />
import { NmodeError, reason } from '../../graph/errors.js';
import type { Opened, OpenOptions, SessionMethods } from '../threads/session-thread.js';
import { Thread } from '../threads/thread.js';
import { usableCores } from './limits.js';
import type { GraphOptimization } from './native-options.js';
import type { Placement, ProviderCheck } from './probe.js';
import { candidates, type Provider, type ProviderChoice, type ProviderName } from './providers.js';
import { Queue } from './queue.js';
import type { Inputs, Outputs, Port } from './tensors.js';

export interface SessionOptions {
  /** Providers in the order in which they are tried, with CPU as the last; `auto` for the best; default CPU. */
  readonly providers?: ProviderChoice;
  /** Refuse any provider but the first. */
  readonly strict?: boolean;
  /** Threads of one run on the CPU; default: the cores that may be used, divided by `workers`. */
  readonly threads?: number;
  /** Runs at the same time, each with its own copy of the model; default 1. */
  readonly workers?: number;
  /** Compare an accelerator's answer with the CPU's when the model is loaded; default true. */
  readonly check?: boolean;
  /** Run once on a small input when the model is loaded, so that the first run is as fast as the others; default false. */
  readonly warmUp?: boolean;
  /** Also find out which provider runs how many nodes; loads the model twice. */
  readonly placement?: boolean;
  /** Default 'all'. */
  readonly graphOptimization?: GraphOptimization;
  /** Keep the CPU's memory for the next run (default); without, a run takes half the memory and up to a fifth more time. */
  readonly arena?: boolean;
}

/** Where a model runs, and why there. */
export interface ProviderReport {
  readonly requested: readonly string[];
  readonly effective: ProviderName;
  /** Those that were tried before, in order. */
  readonly attempts: readonly { readonly provider: ProviderName; readonly error: string }[];
  /** The comparison with the CPU; absent on the CPU itself and where it was turned off. */
  readonly check?: ProviderCheck;
  /** Nodes by provider, where that was asked for. */
  readonly placement?: Placement;
}

export interface RunOptions {
  /** Rejects at once. Work that waits is dropped; a run under way ends unseen, since onnxruntime cannot be stopped. */
  readonly signal?: AbortSignal;
  /** Give the buffers of the inputs away instead of copying them: they are empty afterwards. */
  readonly transfer?: boolean;
  /** Names of the outputs that are wanted; default all, which must then be float32. */
  readonly outputs?: readonly string[];
  /** Called when a worker takes the run up. */
  readonly onStart?: () => void;
}

/** A model loaded into onnxruntime, in threads of its own. Close it: it holds native memory. */
export interface Session {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly provider: ProviderReport;
  readonly workers: number;
  /** Threads of one run. */
  readonly threads: number;
  /** @throws NmodeError (CANNOT_RUN); the signal's reason */
  run(inputs: Inputs, options?: RunOptions): Promise<Outputs>;
  /** Waits for runs under way; those that wait are rejected. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

type SessionThread = Thread<SessionMethods>;

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= 1024) return value;
  throw new NmodeError('BAD_USAGE', `${name} ${value}: expected a whole number from 1 to 1024`);
}

/**
 * Loads a model on the first provider that works.
 * @param model the bytes of an .onnx file
 * @throws NmodeError: BAD_USAGE for unknown providers, CANNOT_RUN where none works (or, with `strict`, the first does not)
 */
export async function createSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const { providers: choice = ['cpu'], strict = false, check = true } = options;
  const { graphOptimization = 'all', arena = true, warmUp = false } = options;
  const workers = wholeNumber('workers', options.workers ?? 1);
  const threads = wholeNumber('threads', options.threads ?? Math.max(1, Math.floor(usableCores() / workers)));
  const list = candidates(choice, strict);
  const opening = { graphOptimization, threads, arena, warmUp };
  const all = Array.from(
    { length: workers },
    (): SessionThread => new Thread('session-thread', 'the session'),
  );
  const [first, ...others] = all;
  if (first === undefined) throw new TypeError('no worker');
  const openOthers = (provider: Provider) =>
    Promise.all(others.map((thread) => thread.call('open', { ...opening, provider, check: false })));
  try {
    await Promise.all(all.map((thread) => thread.call('load', model)));
    const [preferred] = list;
    // The CPU is not waited for: it works wherever the first worker finds that it does.
    const ahead = preferred?.id === 'cpu' ? openOthers(preferred) : undefined;
    ahead?.catch(() => {});
    const { provider, attempts, opened } = await openFirst(first, list, {
      ...opening,
      check,
      auto: choice === 'auto',
    });
    await (provider === preferred && ahead ? ahead : openOthers(provider));
    const placement = options.placement && (await first.call('placement', { ...opening, provider }));
    await Promise.all(all.map((thread) => thread.call('settle', undefined)));
    const report: ProviderReport = {
      requested: choice === 'auto' ? ['auto'] : choice,
      effective: provider.name,
      attempts,
      ...(opened.check && { check: opened.check }),
      ...(placement && { placement }),
    };
    return sessionOf(all, opened, report, threads);
  } catch (error) {
    await endAll(all);
    throw error;
  }
}

interface Opening extends Omit<OpenOptions, 'provider'> {
  readonly auto: boolean;
}

/** Opens the model on the first provider that works, one at a time. */
async function openFirst(
  thread: SessionThread,
  list: readonly Provider[],
  { check, auto, ...opening }: Opening,
): Promise<{ provider: Provider; attempts: ProviderReport['attempts']; opened: Opened }> {
  const attempts: ProviderReport['attempts'][number][] = [];
  for (const provider of list) {
    const checked = provider.id !== 'cpu' && (check || auto);
    try {
      const opened = await thread.call('open', { ...opening, provider, check: checked });
      const slower = auto && opened.check && opened.check.milliseconds > opened.check.cpuMilliseconds;
      if (!slower) return { provider, attempts, opened };
      await thread.call('release', undefined);
      const { milliseconds, cpuMilliseconds } = opened.check;
      const error = `slower than the CPU: ${milliseconds.toFixed(1)} ms against ${cpuMilliseconds.toFixed(1)} ms`;
      attempts.push({ provider: provider.name, error });
    } catch (error) {
      attempts.push({ provider: provider.name, error: reason(error) });
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

/** Frees what threads hold, and ends them. */
async function endAll(threads: readonly SessionThread[]): Promise<void> {
  await Promise.all(threads.map((thread) => thread.call('release', undefined).catch(() => {})));
  await Promise.all(threads.map((thread) => thread.close()));
}

function sessionOf(
  threads: readonly SessionThread[],
  opened: Opened,
  provider: ProviderReport,
  perRun: number,
): Session {
  const queue = new Queue(threads);
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
    inputs: opened.inputs,
    outputs: opened.outputs,
    provider,
    workers: threads.length,
    threads: perRun,
    run: (inputs, { signal, transfer = false, onStart, outputs } = {}) => {
      const buffers = transfer ? Object.values(inputs).map(({ data }) => data.buffer as ArrayBuffer) : [];
      return queue.add((thread) => {
        onStart?.();
        return thread.call('run', { inputs, ...(outputs && { outputs }) }, buffers);
      }, signal);
    },
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}
