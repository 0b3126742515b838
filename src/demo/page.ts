/** The page: images in, masks out, nothing over the network but the page's own files. */
import { NmodeError, reason } from '../../graph/errors.js';
import { workerThread } from '../../runtime/web/thread.js';
import type { Segmentation } from '../web.js';
import { benchmark } from './benchmark.js';
import { button, describe, element, input } from './elements.js';
import { Engine, type Model, type Wish } from './engine.js';
import { keepOffline } from './offline.js';
import type { Look, PainterMethods, View } from './painter.js';
import { aboutOf, memoryOf, progressOf, resultOf, timingsOf } from './reports.js';
import { takeFrom, takePicture } from './sources.js';

/** An image of the list: a file, or the example. */
interface Picture {
  readonly name: string;
  readonly source: File | URL;
  /** Its ground-truth mask, once that is given. */
  truth?: File;
}

const MODEL = new URL('model.onnx', document.baseURI);
const EXAMPLE = { name: 'example.jpg', source: new URL('example.jpg', document.baseURI) };

const alertLine = element('alert', HTMLElement);
const statusLine = element('status', HTMLElement);
const bar = element('progress', HTMLProgressElement);
const list = element('images', HTMLElement);
const provider = element('provider', HTMLSelectElement);
const canvas = element('canvas', HTMLCanvasElement);

const engine = new Engine();
const painter = workerThread<PainterMethods>(
  () => new Worker(new URL('painter.js', document.baseURI), { type: 'module', name: 'painter' }),
  'the page',
);

let model: Model = MODEL;
const pictures: Picture[] = [];
let current: Picture | undefined;
/** What the canvas and the results are of. */
let shown: Picture | undefined;
/** Onnxruntime does not recover from a failure: the next image gets a new one. */
let broken = false;
let stopSegmenting = new AbortController();

/** What the page is doing; styles and tests see it. */
type State = 'loading' | 'ready' | 'segmenting' | 'done' | 'failed';

function say(state: State, text: string): void {
  document.body.dataset.state = state;
  // Said again, it would be heard again.
  if (statusLine.textContent !== text) statusLine.textContent = text;
  bar.hidden = state !== 'loading' && state !== 'segmenting';
  bar.removeAttribute('value');
  bar.setAttribute('aria-label', text);
  element('loaded', HTMLElement).textContent = '';
}

/** One clear sentence, unless what failed was stopped by what came after it. */
function tell(error: unknown): void {
  if (error instanceof DOMException && error.name === 'AbortError') return;
  alertLine.textContent = reason(error);
  say('failed', '');
}

const wish = (): Wish => ({ model, provider: provider.value as Wish['provider'] });

async function start(): Promise<void> {
  stopSegmenting.abort(new DOMException('another model was chosen', 'AbortError'));
  alertLine.textContent = '';
  say('loading', 'Loading');
  describe(element('about', HTMLElement), []);
  try {
    const segmenter = await engine.start(wish(), (progress) => {
      const { text, loaded = '', share } = progressOf(progress);
      say('loading', text);
      element('loaded', HTMLElement).textContent = loaded;
      if (share !== undefined) bar.value = share;
    });
    describe(element('about', HTMLElement), aboutOf(segmenter, model));
    say('ready', 'Ready');
    if (current !== undefined) await segment(current);
  } catch (error) {
    tell(error);
  }
}

async function segment(picture: Picture): Promise<void> {
  current = picture;
  markCurrent();
  if (broken) {
    broken = false;
    return start();
  }
  present(undefined);
  stopSegmenting.abort(new DOMException('another was chosen', 'AbortError'));
  stopSegmenting = new AbortController();
  const { signal } = stopSegmenting;
  try {
    const segmenter = await engine.segmenter;
    if (signal.aborted) return;
    alertLine.textContent = '';
    say('segmenting', `Segmenting ${picture.name}`);
    await show(picture, await segmenter.segment(picture.source, { pixels: true, signal }), signal);
    say('done', `${picture.name}: ${resultText()}`);
    keepOffline(segmenter.provider.effective);
  } catch (error) {
    if (signal.aborted) return;
    element('drop', HTMLElement).classList.remove('filled');
    describe(element('result', HTMLElement), []);
    broken = error instanceof NmodeError && error.code === 'CANNOT_RUN';
    tell(error);
  }
}

/** What is shown can be downloaded and measured. */
function present(picture: Picture | undefined): void {
  shown = picture;
  button('download').disabled = picture === undefined;
  button('benchmark').disabled = picture === undefined;
  canvas.setAttribute('aria-label', picture === undefined ? 'No image' : `${picture.name} with its mask`);
}

/** @throws the signal's reason, once another image was chosen */
async function show(picture: Picture, segmentation: Segmentation, signal: AbortSignal): Promise<void> {
  const { image, probabilities, timings } = segmentation;
  if (image === undefined || probabilities === undefined)
    throw new TypeError('the segmenter kept its pixels');
  signal.throwIfAborted();
  await painter.call('take', { image, probabilities }, [image.data.buffer, probabilities.data.buffer]);
  await repaint();
  signal.throwIfAborted();
  if (picture.truth !== undefined) await compare(picture.truth);
  signal.throwIfAborted();
  element('drop', HTMLElement).classList.add('filled');
  present(picture);
  describe(element('timings', HTMLElement), [...timingsOf(timings), ...memoryOf()]);
}

/** Holds the mask to the truth. */
async function compare(truth: File): Promise<void> {
  try {
    alertLine.textContent = '';
    await painter.call('compare', truth);
    await repaint();
  } catch (error) {
    alertLine.textContent = reason(error);
  }
}

const stemOf = (name: string) => name.replace(/\.[^.]+$/, '');

function look(): Look {
  const view = document.querySelector<HTMLInputElement>('input[name=view]:checked')?.value as View;
  return {
    view,
    threshold: input('threshold').valueAsNumber,
    opacity: input('opacity').valueAsNumber,
    fillHoles: input('fill-holes').checked,
    largestComponent: input('largest').checked,
  };
}

let painting: Promise<void> | undefined;
let stale = false;

/** Draws with what the sliders say now; while one drawing is under way, only the last of many changes waits. */
function repaint(): Promise<void> {
  stale = true;
  painting ??= (async () => {
    while (stale) {
      stale = false;
      describe(element('result', HTMLElement), resultOf(await painter.call('paint', look())));
    }
  })().finally(() => {
    painting = undefined;
  });
  return painting;
}

/** The first line of the result, for those who hear it. */
function resultText(): string {
  return element('result', HTMLElement).querySelector('dd')?.textContent ?? '';
}

function markCurrent(): void {
  for (const [index, item] of list.querySelectorAll('button').entries()) {
    item.setAttribute('aria-current', String(pictures[index] === current));
  }
}

function addPictures(added: readonly Picture[]): void {
  pictures.push(...added);
  for (const picture of added) {
    const item = document.createElement('li');
    const chooser = document.createElement('button');
    chooser.type = 'button';
    chooser.textContent = picture.name;
    chooser.addEventListener('click', () => segment(picture));
    item.append(chooser);
    list.append(item);
  }
  const [first] = added;
  if (first !== undefined) segment(first);
}

takeFrom({
  images: (files) => addPictures(files.map((file) => ({ name: file.name, source: file }))),
  truth(file, stem) {
    const named = pictures.findLast(({ name }) => stemOf(name) === stem);
    const picture = named ?? current;
    if (picture === undefined) {
      alertLine.textContent = `${file.name}: choose its image first`;
      return;
    }
    picture.truth = file;
    if (picture === shown) compare(file);
  },
  model(file) {
    model = file;
    start();
  },
});

button('example').addEventListener('click', () => addPictures([{ ...EXAMPLE }]));
button('camera').addEventListener('click', async () => {
  try {
    const file = await takePicture();
    if (file !== undefined) addPictures([{ name: file.name, source: file }]);
  } catch (error) {
    alertLine.textContent = `The camera cannot be used: ${reason(error)}`;
  }
});
button('download').addEventListener('click', async () => {
  if (shown === undefined) return;
  const link = document.createElement('a');
  link.download = `${stemOf(shown.name)}_mask.png`;
  try {
    link.href = URL.createObjectURL(await painter.call('png', undefined));
  } catch (error) {
    alertLine.textContent = reason(error);
    return;
  }
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});
button('benchmark').addEventListener('click', () => {
  if (shown !== undefined) benchmark(model, shown.source);
});
provider.addEventListener('change', start);
for (const name of ['threshold', 'opacity']) {
  input(name).addEventListener('input', () => {
    element(`${name}-value`, HTMLOutputElement).value = input(name).valueAsNumber.toFixed(2);
  });
}
for (const control of document.querySelectorAll('#views input, .sliders input, #fill-holes, #largest')) {
  control.addEventListener('input', () => {
    if (shown !== undefined) repaint().catch(tell);
  });
}

const wanted = new URLSearchParams(location.search).get('provider');
if (wanted === 'webgpu' || wanted === 'wasm') provider.value = wanted;
const offscreen = canvas.transferControlToOffscreen();
painter.call('use', offscreen, [offscreen]).catch(tell);
start();
