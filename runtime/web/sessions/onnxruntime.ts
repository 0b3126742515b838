import type * as Onnxruntime from 'onnxruntime-common';
import { NmodeError, reason } from '../../../graph/common/errors.js';
import type { RuntimeSession } from '../../sessions/runtime-session.js';
import { runtimeFailure, wrapSession } from '../../sessions/wrap-session.js';
import type { WebProvider } from '../files.js';

export interface WebOpenOptions {
  readonly provider: WebProvider;
  readonly threads: number;
  /** URLs of the build's modules. */
  readonly api: string;
  readonly loader: string;
  /** Its WebAssembly. */
  readonly binary: ArrayBuffer;
}

/** Milliseconds after which it has not started and never will: its threads may be forbidden without a word. */
const START_TIMEOUT = 60_000;

/** A worker loads one build, once: onnxruntime cannot be started again after a failure. */
let runtime: Promise<typeof Onnxruntime> | undefined;

async function load({ api, loader, binary, threads }: WebOpenOptions): Promise<typeof Onnxruntime> {
  const module: typeof Onnxruntime = await import(/* @vite-ignore */ /* webpackIgnore: true */ api);
  const { env } = module;
  // What goes wrong is thrown as well; said twice, it would litter the console.
  env.logLevel = 'fatal';
  env.wasm.numThreads = threads;
  env.wasm.initTimeout = START_TIMEOUT;
  env.wasm.wasmPaths = { mjs: loader };
  env.wasm.wasmBinary = binary;
  return module;
}

/**
 * Opens a model on one provider.
 * @param model the bytes of an .onnx file
 * @throws NmodeError (CANNOT_RUN) that says why it is refused
 */
export async function openWeb(model: Uint8Array, options: WebOpenOptions): Promise<RuntimeSession> {
  try {
    runtime ??= load(options);
    const { InferenceSession, Tensor } = await runtime;
    const session = await InferenceSession.create(model, { executionProviders: [options.provider] });
    return wrapSession(
      session,
      ({ type, data, dims }) => new Tensor(type as 'float32', data as Float32Array, dims),
    );
  } catch (error) {
    throw runtimeFailure(error);
  }
}

/** What is asked of a browser before anything is fetched. */
export interface Requirements {
  readonly provider: WebProvider;
  /** Refuse graphics cards that are programs: WebAssembly is faster. */
  readonly hardware: boolean;
}

/** The header of a module that is empty but for an instruction of 128 bits: () -> v128.const 0. */
const SIMD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 22, 1, 20, 0, 253, 12],
  ...new Array<number>(16).fill(0),
  11,
);

/** @throws NmodeError (CANNOT_RUN) that says what the browser lacks or the page forbids */
export async function checkBrowser({ provider, hardware }: Requirements): Promise<void> {
  const lack = lackOfWebAssembly() ?? (provider === 'webgpu' ? await lackOfWebGpu(hardware) : undefined);
  if (lack !== undefined) throw new NmodeError('CANNOT_RUN', lack);
}

function lackOfWebAssembly(): string | undefined {
  if (typeof WebAssembly === 'undefined') return 'this browser has no WebAssembly';
  if (!WebAssembly.validate(SIMD)) return 'this browser has no SIMD instructions in WebAssembly: update it';
  try {
    new WebAssembly.Module(SIMD);
    return undefined;
  } catch (error) {
    return `the page may not run WebAssembly: the script-src of its content security policy needs 'wasm-unsafe-eval' (${reason(error)})`;
  }
}

/** As much of WebGPU's interface as is asked here. */
interface Gpu {
  requestAdapter(): Promise<{ readonly info?: { readonly isFallbackAdapter?: boolean } } | null>;
}

async function lackOfWebGpu(hardware: boolean): Promise<string | undefined> {
  if (!globalThis.isSecureContext) return 'WebGPU needs a page from https or localhost';
  const { gpu } = navigator as { readonly gpu?: Gpu };
  if (gpu === undefined) return 'this browser has no WebGPU';
  if (!('Suspending' in WebAssembly)) return 'this browser has no WebAssembly that waits (JSPI): update it';
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) return 'this browser finds no graphics card that it trusts';
  if (hardware && adapter.info?.isFallbackAdapter)
    return 'the graphics card is a program, slower than the CPU';
  return undefined;
}
