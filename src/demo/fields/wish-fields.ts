import { element } from '../elements.js';
import type { Model, Wish } from '../engine.js';

const select = (id: string) => element(id, HTMLSelectElement);

/** Fields that say of a model what it may not say itself. */
const HINTS = ['recipe', 'grey', 'head'];

/** How the page's fields say that a model is run. */
export function wishOf(model: Model): Wish {
  return {
    model,
    provider: select('provider').value as Wish['provider'],
    recipe: select('recipe').value as Wish['recipe'],
    grey: select('grey').value as Wish['grey'],
    head: select('head').value as Wish['head'],
  };
}

/** Shows the fields of what a model may not say itself, or hides them. */
export function offerHints(areOffered: boolean): void {
  element('hints', HTMLElement).hidden = !areOffered;
}

/** Leaves all to the model. */
export function forgetHints(): void {
  for (const id of HINTS) select(id).value = 'own';
}

/**
 * Calls back when a field changes; the address of the page may have chosen the provider.
 * @param headChosen for the head, which a model that was refused may lack
 */
export function onWish(changed: () => void, headChosen: () => void): void {
  const wanted = new URLSearchParams(location.search).get('provider');
  if (wanted === 'webgpu' || wanted === 'wasm') select('provider').value = wanted;
  for (const id of ['provider', 'recipe', 'grey']) select(id).addEventListener('change', changed);
  select('head').addEventListener('change', headChosen);
}
