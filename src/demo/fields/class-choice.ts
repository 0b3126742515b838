import type { Colour } from '../../../runtime/images/class-colours.js';
import { classColour } from '../../../runtime/images/class-colours.js';
import { type Classes, nameOfLabel } from '../../../runtime/masks/classes.js';
import { element } from '../elements.js';

const select = () => element('class', HTMLSelectElement);

/** Offers the classes of a model, where several are masks, and shows the colour of each. */
export function offerClasses(semantics: Classes, count: number, maskLabels: readonly number[]): void {
  const several = maskLabels.length > 1;
  element('classes', HTMLElement).hidden = !several;
  const options = maskLabels.map((label) => {
    const name = nameOfLabel(semantics, count, label);
    return { label: String(label), text: name === undefined ? `class ${label}` : `${label} ${name}` };
  });
  const chosen = select().value;
  select().replaceChildren(
    new Option('all', ''),
    ...options.map(({ label, text }) => new Option(text, label, false, label === chosen)),
  );
  const items = several ? options.map(({ text }, index) => legendItem(text, classColour(index))) : [];
  element('legend', HTMLElement).replaceChildren(...items);
}

function legendItem(text: string, colour: Colour): HTMLElement {
  const item = document.createElement('li');
  const swatch = document.createElement('span');
  swatch.style.backgroundColor = `rgb(${colour.join(' ')})`;
  item.append(swatch, text);
  return item;
}

/** The label of the class that is to be shown; undefined for all. */
export function chosenClass(): number | undefined {
  const { value } = select();
  return value === '' ? undefined : Number(value);
}
