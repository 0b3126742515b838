import type { ProviderPlacement } from '../../index.js';

/** '12 nodes on cpu', for each provider that ran some. */
export function placementTexts(placement: ProviderPlacement): readonly string[] {
  return Object.entries(placement).map(([provider, count]) => `${count} nodes on ${provider}`);
}
