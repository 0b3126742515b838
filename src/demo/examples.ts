import type { Model } from './engine.js';

/** An image of the page's own, and the model that it is for. */
export interface Example {
  /** Of its button. */
  readonly id: string;
  readonly name: string;
  readonly source: URL;
  readonly model: URL;
}

const beside = (file: string) => new URL(file, document.baseURI);

export const MODEL = beside('model.onnx');
const GREY_MODEL = beside('grey.onnx');

export const EXAMPLES: readonly Example[] = [
  { id: 'example', name: 'example.jpg', source: beside('example.jpg'), model: MODEL },
  { id: 'grey-example', name: 'grey-example.jpg', source: beside('grey-example.jpg'), model: GREY_MODEL },
];

/** What the page calls a model. */
export function modelText(model: Model): string {
  if (model instanceof File) return model.name;
  const channels = model === GREY_MODEL ? ' of one grey channel' : '';
  return `bundled: U-Net${channels}, EED decoder, skin lesions`;
}
