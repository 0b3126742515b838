import { element, input } from '../elements.js';
import type { View } from '../painting/drawing.js';
import type { Look } from '../painting/painter.js';
import { chosenClass } from './class-choice.js';

/** What the page's fields say of how masks are cut and drawn. */
export function lookOf(): Omit<Look, 'isZoomed'> {
  const view = document.querySelector<HTMLInputElement>('input[name=view]:checked')?.value as View;
  return {
    view,
    label: chosenClass(),
    threshold: input('threshold').valueAsNumber,
    opacity: input('opacity').valueAsNumber,
    fillHoles: input('fill-holes').checked,
    largestComponent: input('largest').checked,
    isBeforeAndAfter: input('before-after').checked,
  };
}

/** Calls back when one of them changes, but for the class, which truth may depend on. */
export function onLook(changed: () => void): void {
  for (const name of ['threshold', 'opacity']) {
    input(name).addEventListener('input', () => {
      element(`${name}-value`, HTMLOutputElement).value = input(name).valueAsNumber.toFixed(2);
    });
  }
  for (const control of document.querySelectorAll('#views input, .sliders input, #fill-holes, #largest')) {
    control.addEventListener('input', changed);
  }
}
