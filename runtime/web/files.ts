import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';

/** Providers of onnxruntime in browsers: the graphics card, and the processor through WebAssembly. */
export const WEB_PROVIDERS = Object.freeze(['webgpu', 'wasm'] as const);
export type WebProvider = (typeof WEB_PROVIDERS)[number];

/** Sizes of onnxruntime-web 1.30's binaries. */
const BINARY_BYTES: Readonly<Record<WebProvider, number>> = { webgpu: 16_758_545, wasm: 14_239_897 };

/**
 * Where the files of a provider's build are: its JavaScript API, what loads the binary, and the binary, whose size is told since servers
 * may send it compressed without telling. Bundlers find them by the literal `new URL(..., import.meta.url)`; where there is none
 * that does, `assets` is the folder that holds them.
 */
export function runtimeBuild(provider: WebProvider, assets: URL | undefined) {
  return { ...runtimeFiles(provider, assets), binaryBytes: BINARY_BYTES[provider] };
}

function runtimeFiles(provider: WebProvider, assets: URL | undefined) {
  if (assets !== undefined) {
    const file = (ending: string) => new URL(`onnxruntime/${provider}${ending}`, assets);
    return { api: file('.mjs'), loader: file('-loader.mjs'), binary: file('.wasm') };
  }
  return provider === 'webgpu'
    ? {
        api: new URL('./onnxruntime/webgpu.mjs', import.meta.url),
        loader: new URL('./onnxruntime/webgpu-loader.mjs', import.meta.url),
        binary: new URL('./onnxruntime/webgpu.wasm', import.meta.url),
      }
    : {
        api: new URL('./onnxruntime/wasm.mjs', import.meta.url),
        loader: new URL('./onnxruntime/wasm-loader.mjs', import.meta.url),
        binary: new URL('./onnxruntime/wasm.wasm', import.meta.url),
      };
}

/** Starts the worker of this package. @throws NmodeError (CANNOT_RUN) where the page may not */
export function startWorker(assets: URL | undefined): Worker {
  try {
    return assets === undefined
      ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'nmode' })
      : new Worker(new URL('worker.js', assets), { type: 'module', name: 'nmode' });
  } catch (error) {
    throw new NmodeError('CANNOT_RUN', `the worker cannot be started: ${reason(error)}`, { cause: error });
  }
}

/** @throws NmodeError (CANNOT_RUN) in a server */
export function needBrowser(): void {
  if (typeof Worker === 'undefined') {
    throw new NmodeError('CANNOT_RUN', "nmode-onnx/web runs in browsers: in Node, import from 'nmode-onnx'");
  }
}

/** The folder that a program gives, with or without its last slash. */
export function assetsUrl(assets: string | URL | undefined): URL | undefined {
  return assets === undefined ? undefined : pageUrl(String(assets).replace(/\/?$/, '/'));
}

/** A URL that a program gives, as the page sees it. @throws NmodeError (BAD_USAGE) */
export function pageUrl(url: string | URL): URL {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  try {
    return new URL(url, base);
  } catch {
    throw badUsage(`'${url}' is not a URL`);
  }
}
