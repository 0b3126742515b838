import { at } from '../../../graph/common/at.js';
import { checkOptions, each, FLAG, type Kinds, NUMBER, oneOf } from '../../../graph/common/option-kinds.js';
import { untilAborted } from '../../common/abort.js';
import { copyOf } from '../../common/buffers.js';
import { withCallbacks } from '../../common/callbacks.js';
import { named } from '../../common/naming.js';
import {
  endAll,
  type OpenProgress,
  openFirst,
  refuseSlower,
  SHARED_SESSION_KINDS,
  type SharedProviderReport,
  type SharedSession,
  sessionOf,
  wholeNumber,
} from '../../sessions/session.js';
import type { Opened, OpenOptions } from '../../sessions/session-methods.js';
import type { Thread } from '../../threads/thread.js';
import { bytesOf, loadModel, type ModelSource } from '../model.js';
import { isPath } from '../path-of.js';
import type { SessionMethods } from '../threads/session-thread.js';
import { startThread } from '../threads/thread.js';
import { findAdapter } from './adapter.js';
import { usableCores } from './limits.js';
import { GRAPH_OPTIMIZATIONS, type GraphOptimization, type NativeOptions } from './native.js';
import type { ProviderPlacement } from './provider-placement.js';
import {
  candidates,
  type Provider,
  type ProviderChoice,
  type ProviderName,
  toleranceOf,
} from './providers.js';
import { lackOf } from './requirements.js';

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
  /** Take ownership of the model's bytes, as `postMessage` does with transferred buffers, where that saves a copy. */
  readonly transfer?: boolean;
  /** Keep the CPU's memory for the next run (default); without, a run takes half the memory and up to a fifth more time. */
  readonly arena?: boolean;
  /**
   * Whether threads that wait for work keep their cores, as onnxruntime's do (default). It pays where runs follow each other and nothing else
   * computes.
   */
  readonly spinning?: boolean;
  /** Called with the progress of loading. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Rejects at once; what onnxruntime has begun cannot be stopped, and its result is discarded. */
  readonly signal?: AbortSignal;
}

export const SESSION_KINDS: Kinds<SessionOptions> = {
  ...SHARED_SESSION_KINDS,
  ...each(['placement', 'transfer', 'arena', 'spinning'], FLAG),
  workers: NUMBER,
  graphOptimization: oneOf(GRAPH_OPTIMIZATIONS),
};

/** How far the loading of a model is. */
export type LoadProgress =
  /** The file has been read. */
  { readonly kind: 'read'; readonly bytes: number } | OpenProgress<ProviderName>;

/** Where a model runs, and why there. */
export interface ProviderReport extends SharedProviderReport<ProviderName> {
  /** Nodes by provider, where that was asked for. */
  readonly placement?: ProviderPlacement;
}

export type Session = SharedSession<ProviderReport>;

/**
 * Loads a model on the first provider that works.
 * @param model an .onnx file, or its bytes, which are copied before this returns, or taken with `transfer`
 * @throws NmodeError: BAD_MODEL for a file that cannot be read or is no model, BAD_USAGE for unknown providers and for bytes of which
 * nothing is left, CANNOT_RUN where none works (or, with `strict`, the first does not); the signal's reason
 */
export async function createSession(model: ModelSource, options: SessionOptions = {}): Promise<Session> {
  checkOptions(options, SESSION_KINDS);
  options.signal?.throwIfAborted();
  return withCallbacks(options, (own) => openModel(model, own));
}

async function openModel(model: ModelSource, options: SessionOptions): Promise<Session> {
  if (!isPath(model)) return openBytes(bytesOf(model), options);
  const { bytes, name } = await loadModel(model, options);
  return openBytes(bytes, { ...options, transfer: true }).catch((error: unknown) => {
    throw named(name, error);
  });
}

/** @param isKept whether its threads are kept for the next session for a while, when it is closed */
export async function openBytes(
  model: Uint8Array,
  options: SessionOptions,
  isKept = false,
): Promise<Session> {
  // Needed again after this has returned.
  const again = options.placement && copyOf(model, MODEL);
  const { providers: choice = ['cpu'], strict = false, check = true } = options;
  const { graphOptimization = 'all', arena = true, spinning = true, warmUp = false, signal } = options;
  const progress = options.onProgress ?? (() => {});
  const workers = wholeNumber('workers', options.workers ?? 1);
  const threads = wholeNumber('threads', options.threads ?? Math.max(1, Math.floor(usableCores() / workers)));
  const list = candidates(choice, strict);
  const auto = choice === 'auto';
  const own = (provider: Provider) => ({ provider, graphOptimization, threads, arena, spinning });
  const all = Array.from({ length: workers }, () =>
    startThread<SessionMethods>('session-thread', 'the session', isKept),
  );
  const [first, others] = [at(all, 0), all.slice(1)];
  const openOthers = (provider: Provider) =>
    Promise.all(others.map((thread) => thread.call('open', { own: own(provider), warmUp })));
  const opening = async () => {
    await Promise.all(
      all.map((thread) => {
        const bytes = options.transfer && others.length === 0 ? ownBytes(model) : copyOf(model, MODEL);
        return thread.call('load', bytes, [bytes.buffer]);
      }),
    );
    const [preferred] = list;
    // The CPU is not waited for: it works wherever the first worker finds that it does.
    const ahead = preferred?.id === 'cpu' ? openOthers(preferred) : undefined;
    ahead?.catch(() => {});
    const loading = { progress, signal };
    const { candidate, opened, report } = await openFirst(choice, list, loading, (provider) => {
      progress({ kind: 'open', provider: provider.name });
      // The CPU is what others are compared with.
      const isChecked = (check || auto) && provider.id !== 'cpu';
      const tolerance = isChecked && { tolerance: toleranceOf(provider) };
      return openOn(first, { own: own(provider), warmUp, ...tolerance }, auto);
    });
    await (candidate === preferred && ahead ? ahead : openOthers(candidate));
    const placement =
      again && (await first.call('placement', { model: again, options: own(candidate) }, [again.buffer]));
    await Promise.all(all.map((thread) => thread.call('settle', undefined)));
    progress({ kind: 'ready', provider: candidate.name });
    return sessionOf(all, opened, { ...report, ...(placement && { placement }) }, threads);
  };
  try {
    return await (signal === undefined ? opening() : untilAborted(opening(), signal));
  } catch (error) {
    const ended = endAll(all);
    // Whoever stops does not wait for what cannot be stopped.
    if (!signal?.aborted) await ended;
    throw error;
  }
}

/** The bytes themselves, where nothing else is in their buffer. */
function ownBytes(model: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = model;
  const isWhole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && byteLength > 0;
  return isWhole ? new Uint8Array(buffer, byteOffset, byteLength) : copyOf(model, MODEL);
}

/** What messages call it. */
const MODEL = 'the model';

async function openOn(
  thread: Thread<SessionMethods>,
  options: OpenOptions<NativeOptions>,
  auto: boolean,
): Promise<Opened> {
  const { provider } = options.own;
  if (provider.id === 'webgpu' && lackOf(provider.id) === undefined) await findAdapter();
  const opened = await thread.call('open', options);
  try {
    if (auto) refuseSlower(opened);
    return opened;
  } catch (error) {
    await thread.call('release', undefined);
    throw error;
  }
}
