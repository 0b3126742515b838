/** The page: images in, masks out, nothing over the network but the page's own files. */
import { NmodeError, reason } from '../../graph/common/errors.js';
import { takesThreshold } from '../../runtime/masks/classes.js';
import { workerThread } from '../../runtime/web/threads/thread.js';
import type { Segmentation, Segmenter } from '../web.js';
import { benchmark } from './benchmark.js';
import { offerClasses } from './class-choice.js';
import { button, describe, element, input } from './elements.js';
import { Engine, type Model, type Wish } from './engine.js';
import { EXAMPLES, MODEL } from './examples.js';
import { lookOf, onLook } from './look-fields.js';
import { keepOffline } from './offline.js';
import type { PainterMethods } from './painter.js';
import { aboutOf, memoryOf, progressOf, resultOf, tilesOf, timingsOf } from './reports.js';
import { imagesOf, stemOf, takeFrom, takePicture } from './sources.js';
import { readingOf } from './truth-fields.js';

/** An image of the list: a file, those of its channels, or the example. */
interface Picture {
  readonly name: string;
  readonly source: File | URL | readonly File[];
  /** Its ground-truth mask, once that is given. */
  truth?: File;
}

const alertLine = element('alert', HTMLElement);
const statusLine = element('status', HTMLElement);
const bar = element('progress', HTMLProgressElement);
const list = element('images', HTMLElement);
const provider = element('provider', HTMLSelectElement);
const recipe = element('recipe', HTMLSelectElement);
const grey = element('grey', HTMLSelectElement);
const head = element('head', HTMLSelectElement);
const canvas = element('canvas', HTMLCanvasElement);

const engine = new Engine();
const painter = workerThread<PainterMethods>(
  () => new Worker(new URL('painter.js', document.baseURI), { type: 'module', name: 'painter' }),
  'the page',
);

let model: Model = MODEL;
/** The last that could not be loaded: a head may be what it lacks. */
let refused: Model | undefined;
/** Of the model. */
let channels = 3;
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

const isAbort = (error: unknown) => error instanceof DOMException && error.name === 'AbortError';

/** One clear sentence, unless what failed was stopped by what came after it. */
function tell(error: unknown): void {
  if (isAbort(error)) return;
  alertLine.textContent = reason(error);
  say('failed', '');
}

const wish = (): Wish => ({
  model,
  provider: provider.value as Wish['provider'],
  recipe: recipe.value as Wish['recipe'],
  grey: grey.value as Wish['grey'],
  head: head.value as Wish['head'],
});

/** @returns whether the model could be loaded */
async function start(): Promise<boolean> {
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
    const { semantics, classes } = segmenter;
    channels = segmenter.channels;
    input('threshold').disabled = !takesThreshold(semantics, classes);
    say('ready', 'Ready');
    if (current !== undefined) await segment(current);
    return true;
  } catch (error) {
    tell(error);
    // Another that was chosen meanwhile is loading.
    return isAbort(error);
  }
}

/** Runs another model from now on, or the one before where it cannot be loaded. */
async function tryModel(file: Model): Promise<void> {
  const before = model;
  model = file;
  refused = undefined;
  if (await start()) return;
  const problem = alertLine.textContent;
  [model, refused] = [before, file];
  for (const choice of [recipe, grey, head]) choice.value = 'own';
  await start();
  alertLine.textContent = problem;
}

async function segment(picture: Picture): Promise<void> {
  current = picture;
  markCurrent();
  if (broken) {
    broken = false;
    await start();
    return;
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
    const segmentation = await segmenter.segment(picture.source, { pixels: true, signal });
    await show(picture, segmentation, segmenter.semantics, signal);
    say('done', [`${picture.name}: segmented`, ...segmentation.warnings].join('; '));
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
async function show(
  picture: Picture,
  segmentation: Segmentation,
  classes: Segmenter['semantics'],
  signal: AbortSignal,
): Promise<void> {
  const { image, probabilities, timings, tiling } = segmentation;
  if (image === undefined || probabilities === undefined)
    throw new TypeError('the segmenter kept its pixels');
  signal.throwIfAborted();
  await painter.call('take', { image, probabilities, classes }, [
    image.data.buffer,
    probabilities.data.buffer,
  ]);
  offerClasses(classes, segmentation.classes, segmentation.maskLabels);
  await repaint();
  signal.throwIfAborted();
  if (picture.truth !== undefined) await compare(picture.truth);
  signal.throwIfAborted();
  element('drop', HTMLElement).classList.add('filled');
  present(picture);
  describe(element('timings', HTMLElement), [...timingsOf(timings), ...tilesOf(tiling), ...memoryOf()]);
}

/** Holds the mask of the image to its truth. One that cannot be read is tried again once it is said how. */
async function compare(truth: File): Promise<void> {
  try {
    alertLine.textContent = '';
    const remark = await painter.call('compare', { file: truth, reading: readingOf() });
    // Of one that is compared meanwhile, that one says it.
    if (remark !== '') alertLine.textContent = remark;
  } catch (error) {
    alertLine.textContent = reason(error);
    element('truth-reading', HTMLDetailsElement).open = true;
  }
  await repaint();
}

let painting: Promise<void> | undefined;
let stale = false;

/** Draws with what the sliders say now; while one drawing is under way, only the last of many changes waits. */
function repaint(): Promise<void> {
  stale = true;
  painting ??= (async () => {
    while (stale) {
      stale = false;
      describe(element('result', HTMLElement), resultOf(await painter.call('paint', lookOf())));
    }
  })().finally(() => {
    painting = undefined;
  });
  return painting;
}

function markCurrent(): void {
  for (const [index, item] of list.querySelectorAll('button').entries()) {
    item.setAttribute('aria-current', String(pictures[index] === current));
  }
}

/** Files are the same that have one name, size and time. */
function isSame(a: Picture, b: Picture): boolean {
  if (!(a.source instanceof File && b.source instanceof File)) return a.source === b.source;
  return (
    a.name === b.name && a.source.size === b.source.size && a.source.lastModified === b.source.lastModified
  );
}

/** @returns the first of them */
function addPictures(given: readonly Picture[]): Picture | undefined {
  const known = given.map((picture) => pictures.find((other) => isSame(picture, other)) ?? picture);
  for (const picture of known) {
    if (pictures.includes(picture)) continue;
    pictures.push(picture);
    const item = document.createElement('li');
    const chooser = document.createElement('button');
    chooser.type = 'button';
    chooser.textContent = picture.name;
    chooser.addEventListener('click', () => segment(picture));
    item.append(chooser);
    list.append(item);
  }
  return known[0];
}

function showFirst(given: readonly Picture[]): void {
  const first = addPictures(given);
  if (first !== undefined) segment(first);
}

takeFrom({
  images: (files) => showFirst(imagesOf(files, channels)),
  truth(file, stem) {
    const named = pictures.findLast(({ name }) => stemOf(name) === stem);
    const picture = stem === undefined ? current : named;
    if (picture === undefined) {
      alertLine.textContent = `${file.name}: there is no image ${stem ?? ''} that it would be the mask of`;
      return;
    }
    picture.truth = file;
    if (picture === shown) compare(file).catch(tell);
  },
  model: tryModel,
  knows: (stem) => pictures.some(({ name }) => stemOf(name) === stem),
});

for (const { id, name, source, model: itsModel } of EXAMPLES) {
  button(id).addEventListener('click', async () => {
    const added = addPictures([{ name, source }]);
    // A model of one's own is meant for all images.
    if (model instanceof File || model === itsModel) return added && segment(added);
    current = added;
    await tryModel(itsModel);
  });
}
button('camera').addEventListener('click', async () => {
  try {
    const file = await takePicture();
    if (file !== undefined) showFirst([{ name: file.name, source: file }]);
  } catch (error) {
    alertLine.textContent = `The camera cannot be used: ${reason(error)}`;
  }
});
button('download').addEventListener('click', async () => {
  if (shown === undefined) return;
  const link = document.createElement('a');
  const stem = stemOf(shown.name);
  try {
    const { png, end } = await painter.call('png', undefined);
    link.download = `${stem}_${end}.png`;
    link.href = URL.createObjectURL(png);
  } catch (error) {
    alertLine.textContent = reason(error);
    return;
  }
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});
button('benchmark').addEventListener('click', () => {
  if (shown !== undefined) benchmark(wish(), shown.source);
});
for (const choice of [provider, recipe, grey]) choice.addEventListener('change', start);
head.addEventListener('change', () => (refused === undefined ? start() : tryModel(refused)));
onLook(() => {
  if (shown !== undefined) repaint().catch(tell);
});
for (const name of ['truth-foreground', 'truth-ignored']) {
  input(name).addEventListener('change', () => {
    if (shown?.truth !== undefined) compare(shown.truth).catch(tell);
  });
}
element('class', HTMLSelectElement).addEventListener('change', async () => {
  if (shown === undefined) return;
  await repaint().catch(tell);
  // Of one that names its foreground, that is the foreground of the class that is shown.
  if (shown?.truth !== undefined) compare(shown.truth).catch(tell);
});

const wanted = new URLSearchParams(location.search).get('provider');
if (wanted === 'webgpu' || wanted === 'wasm') provider.value = wanted;
const offscreen = canvas.transferControlToOffscreen();
painter.call('use', offscreen, [offscreen]).catch(tell);
start();
