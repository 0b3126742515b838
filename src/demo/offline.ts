import { runtimeBuild, type WebProvider } from '../../runtime/web/files.js';
import { element } from './elements.js';
import { ASSETS } from './engine.js';

let kept = false;

/**
 * Has the page work without a network from now on. After the first mask: what is kept was fetched already, and the first
 * visit is not slowed down by it.
 */
export async function keepOffline(provider: WebProvider): Promise<void> {
  if (kept || !('serviceWorker' in navigator)) return;
  kept = true;
  try {
    await navigator.serviceWorker.register('service-worker.js');
    await controlled();
    // WebAssembly's files are kept in any case, these when they pass through the service worker.
    if (provider === 'webgpu') {
      const { api, loader, binary } = runtimeBuild(provider, ASSETS);
      await Promise.all([api, loader, binary].map((url) => fetch(url)));
    }
    document.body.dataset.offline = 'ready';
    element('offline', HTMLElement).textContent = 'From now on it works without a network.';
  } catch {
    // A private window, or a host without https: the page works as long as there is a network.
    document.body.dataset.offline = 'no';
  }
}

/** Until the service worker answers for this page. */
async function controlled(): Promise<void> {
  await navigator.serviceWorker.ready;
  if (navigator.serviceWorker.controller !== null) return;
  await new Promise((resolve) => {
    navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
  });
}
