import type { Model } from './engine.js';
import type { Picture } from './pictures.js';

const beside = (file: string) => new URL(file, document.baseURI);

export const MODEL = beside('model.onnx');
const GREY_MODEL = beside('grey.onnx');

/** Images of the page's own, and the model that each is for; `bundle.js` puts them beside the page. */
export const EXAMPLES: readonly Picture[] = [
  { ...exampleOf('example'), title: 'Example 1', model: MODEL },
  { ...exampleOf('example-2'), title: 'Example 2', model: MODEL },
  { ...exampleOf('example-3'), title: 'Example 3', model: MODEL },
  { ...exampleOf('grey-example'), title: 'In grey', model: GREY_MODEL },
];

function exampleOf(stem: string) {
  const name = `${stem}.jpg`;
  return { name, source: beside(name), thumbnail: beside(`${stem}-thumbnail.webp`) };
}

/** What the page calls a model. */
export function modelText(model: Model): string {
  if (model instanceof File) return model.name;
  const channels = model === GREY_MODEL ? ' of one grey channel' : '';
  return `bundled: U-Net${channels}, EED decoder, skin lesions`;
}
