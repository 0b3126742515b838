import { badUsage } from '../../../graph/common/errors.js';
import { checkOptions, either, isOf, type Kinds, TEXT } from '../../../graph/common/option-kinds.js';
import { onAbort, untilAborted } from '../../common/abort.js';
import { withCallbacks } from '../../common/callbacks.js';
import {
  openFirst,
  refuseSlower,
  SHARED_SESSION_KINDS,
  type SharedProviderReport,
  type SharedSession,
  sessionOf,
  wholeNumber,
} from '../../sessions/session.js';
import { download } from '../download.js';
import {
  assetsUrl,
  needBrowser,
  runtimeBuild,
  startWorker,
  WEB_PROVIDERS,
  type WebProvider,
} from '../files.js';
import { type LoadProgress, loadModel, type ModelSource } from '../model.js';
import { workerThread } from '../threads/thread.js';
import type { WorkerMethods } from '../threads/worker.js';

export interface SessionOptions {
  /** Providers in the order in which they are tried, with WebAssembly as the last; default `auto`, the best provider that works. */
  readonly providers?: 'auto' | readonly WebProvider[];
  /** Refuse any provider but the first. */
  readonly strict?: boolean;
  /**
   * Threads of one run in WebAssembly; default: as many as the machine has, at most 4. Without cross-origin isolation
   * there is one.
   */
  readonly threads?: number;
  /** Compare WebGPU's answer with WebAssembly's when the model is loaded; default true. */
  readonly check?: boolean;
  /** Run once on a small input when the model is loaded, so that the first run is as fast as the others; default false. */
  readonly warmUp?: boolean;
  /** The folder with worker.js and onnxruntime/, for bundlers that do not place them; default beside this package's code. */
  readonly assets?: string | URL;
  /** Called with the progress of loading. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Stops loading. */
  readonly signal?: AbortSignal;
}

export const SESSION_KINDS: Kinds<SessionOptions> = {
  ...SHARED_SESSION_KINDS,
  assets: either(TEXT, ['a URL', isOf('URL')]),
};

/** Where a model runs, and why there. */
export type ProviderReport = SharedProviderReport<WebProvider>;
export type Session = SharedSession<ProviderReport>;

/** Largest difference from WebAssembly that WebGPU's arithmetic explains, relative to max(1, |value|). */
const TOLERANCE = 1e-4;

/** More threads than this gain little and starve the rest of a phone. */
const MAX_THREADS = 4;

/**
 * Loads a model on the first provider that works, each tried in a worker of its own.
 * @param model an .onnx file: its URL, a Blob, its bytes, which are copied before this returns, or the promise of them; onnxruntime is
 * fetched meanwhile
 * @throws NmodeError: BAD_MODEL for what cannot be fetched or is no model, BAD_USAGE for unknown providers and for bytes of which nothing is left, CANNOT_RUN where none works (or, with `strict`, the first does not);
 * the signal's reason
 */
export async function createSession(
  model: ModelSource | Promise<Uint8Array>,
  options: SessionOptions = {},
): Promise<Session> {
  checkOptions(options, SESSION_KINDS);
  needBrowser();
  return withCallbacks(options, (own) => open(model, own));
}

async function open(model: ModelSource | Promise<Uint8Array>, options: SessionOptions): Promise<Session> {
  // Sent to a worker for each provider that is tried.
  const bytes = model instanceof Promise ? model : loadModel(model, options).then((loaded) => loaded.bytes);
  const { providers: choice = 'auto', strict = false, check = true, warmUp = false } = options;
  const list = candidates(choice, strict).map((name) => ({ name }));
  const wanted = options.threads ?? Math.min(navigator.hardwareConcurrency, MAX_THREADS);
  const threads = globalThis.crossOriginIsolated ? wholeNumber('threads', wanted) : 1;
  const auto = choice === 'auto';
  const progress = options.onProgress ?? (() => {});
  // A model that does not come ends everything, whichever provider is being tried.
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  bytes.catch((error: unknown) => stop.abort(error));
  const assets = assetsUrl(options.assets);
  const tryOn = async ({ name: provider }: { readonly name: WebProvider }) => {
    const thread = workerThread<WorkerMethods>(() => startWorker(assets), 'the session');
    const forget = onAbort(signal, () => thread.abandon(signal.reason));
    try {
      await thread.call('checkBrowser', { provider, hardware: auto });
      const build = runtimeBuild(provider, assets);
      const onBytes = (loaded: number) =>
        progress({ kind: 'download', file: 'onnxruntime', loaded, total: build.binaryBytes });
      const [binary, loaded] = await Promise.all([
        download(build.binary, { code: 'CANNOT_RUN', signal, onBytes }),
        untilAborted(bytes, signal),
      ]);
      progress({ kind: 'open', provider });
      await thread.call('load', loaded);
      const own = { provider, threads, api: build.api.href, loader: build.loader.href, binary };
      const tolerance = (check || auto) && provider === 'webgpu' && { tolerance: TOLERANCE };
      const opened = await thread.call('open', { own, warmUp, ...tolerance }, [binary]);
      await thread.call('settle', undefined);
      if (auto) refuseSlower(opened);
      return { thread, ...opened };
    } catch (error) {
      thread.abandon(error);
      throw error;
    } finally {
      forget();
    }
  };
  const { candidate, opened, report } = await openFirst(choice, list, { progress, signal }, tryOn);
  progress({ kind: 'ready', provider: candidate.name });
  return sessionOf([opened.thread], opened, report, threads);
}

/** @throws NmodeError (BAD_USAGE) that lists the known ones */
function candidates(choice: 'auto' | readonly WebProvider[], strict: boolean): readonly WebProvider[] {
  if (choice === 'auto') return WEB_PROVIDERS;
  const known: readonly string[] = WEB_PROVIDERS;
  const [first] = Array.isArray(choice) ? choice : [];
  if (first === undefined) {
    throw badUsage("providers: expected 'auto' or a list, for example ['webgpu', 'wasm']");
  }
  for (const provider of choice) {
    if (known.includes(provider)) continue;
    if (String(provider) === 'auto') {
      throw badUsage("provider 'auto' stands alone, not in a list");
    }
    throw badUsage(`provider '${provider}' is unknown: choose ${known.join(', ')} or auto`);
  }
  return strict ? [first] : [...new Set([...choice, 'wasm' as const])];
}
