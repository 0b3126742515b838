import type { WebProvider } from '../web.js';

const WEBGPU_FILES = ['webgpu.js', 'webgpu-loader.js', 'webgpu.wasm'].map(
  (name) => `nmode/onnxruntime/${name}`,
);

let kept = false;

/**
 * Has the page work without a network from now on. After the first mask: what is kept was fetched already, and the first
 * visit is not slowed down by it.
 */
export function keepOffline(provider: WebProvider): void {
  if (kept || !('serviceWorker' in navigator)) return;
  kept = true;
  navigator.serviceWorker
    .register('service-worker.js')
    .then(() => navigator.serviceWorker.ready)
    .then(async () => {
      // The service worker keeps these when they pass through it.
      if (provider === 'webgpu') await Promise.all(WEBGPU_FILES.map((file) => fetch(file)));
      document.body.dataset.offline = 'ready';
    })
    .catch(() => {
      // A private window, or a host without https: the page works as long as there is a network.
      document.body.dataset.offline = 'no';
    });
}
