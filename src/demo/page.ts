/** The page: images in, masks out, nothing over the network but the page's own files. */
import { NmodeError, reason } from '../../graph/common/errors.js';
import { takesThreshold } from '../../runtime/masks/classes.js';
import { workerThread } from '../../runtime/web/threads/thread.js';
import type { Segmentation, Segmenter } from '../web.js';
import { benchmark } from './benchmark.js';
import { offerClasses } from './class-choice.js';
import { button, describe, element, input } from './elements.js';
import { Engine, type Model, type Wish } from './engine.js';
import { EXAMPLES, MODEL, modelText } from './examples.js';
import { lookOf, onLook } from './look-fields.js';
import { keepOffline } from './offline.js';
import type { PainterMethods } from './painter.js';
import { type Picture, Pictures } from './pictures.js';
import { aboutOf, memoryOf, resultOf, tilesOf, timingsOf } from './reports.js';
import { imagesOf, stemOf, takeFrom, takePicture } from './sources.js';
import { isAbort, say, sayProgress, tell, warn, warning, warnOf } from './status.js';
import { readingOf } from './truth-fields.js';
import { offerDivider, onDivider, SecondModel } from './wipe.js';

const provider = element('provider', HTMLSelectElement);
const recipe = element('recipe', HTMLSelectElement);
const grey = element('grey', HTMLSelectElement);
const head = element('head', HTMLSelectElement);
const canvas = element('canvas', HTMLCanvasElement);

const engine = new Engine();
const second = new SecondModel();
const painter = workerThread<PainterMethods>(
  () => new Worker(new URL('painter.js', document.baseURI), { type: 'module', name: 'painter' }),
  'the page',
);

let model: Model = MODEL;
/** The last that could not be loaded: a head may be what it lacks. */
let refused: Model | undefined;
/** Of the model. */
let channels = 3;
const pictures = new Pictures((picture) => segment(picture));
let current: Picture | undefined;
/** What the canvas and the results are of. */
let shown: Picture | undefined;
/** Onnxruntime does not recover from a failure: the next image gets a new one. */
let broken = false;
let stopSegmenting = new AbortController();
/** Of the image that is shown: its width by its height. */
let aspect = 1;

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
  warn('');
  say('loading', 'Loading');
  describe(element('about', HTMLElement), []);
  try {
    const segmenter = await engine.start(wish(), sayProgress);
    describe(element('about', HTMLElement), aboutOf(segmenter, model));
    await second.reload(wish(), sayProgress).catch(warnOf);
    offerWipe();
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
  const problem = warning();
  [model, refused] = [before, file];
  for (const choice of [recipe, grey, head]) choice.value = 'own';
  await start();
  warn(problem);
}

/** Holds another model beside the one that there is. */
async function holdSecond(file: File): Promise<void> {
  stopSegmenting.abort(new DOMException('a second model was chosen', 'AbortError'));
  warn('');
  say('loading', 'Loading');
  try {
    await second.load(file, wish(), sayProgress);
  } catch (error) {
    if (isAbort(error)) return;
    warnOf(error);
  }
  offerWipe();
  const problem = warning();
  say('ready', 'Ready');
  if (current !== undefined) await segment(current);
  if (problem !== '') warn(problem);
}

function offerWipe(): void {
  offerDivider(second.name === undefined ? undefined : { first: modelText(model), second: second.name });
}

/** Lays the masks of the second model beside those that are shown, where there is one. */
async function showSecond(picture: Picture, signal: AbortSignal): Promise<void> {
  if (second.name === undefined) return;
  say('segmenting', `Segmenting ${picture.name} with ${second.name}`);
  try {
    const answer = await second.segment(picture.source, signal);
    signal.throwIfAborted();
    if (answer !== undefined) await painter.call('beside', answer, [answer.probabilities.data.buffer]);
  } catch (error) {
    signal.throwIfAborted();
    warnOf(error);
  }
  await repaint();
}

async function segment(picture: Picture): Promise<void> {
  current = picture;
  pictures.mark(picture);
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
    warn('');
    say('segmenting', `Segmenting ${picture.name}`);
    const segmentation = await segmenter.segment(picture.source, { pixels: true, signal });
    await show(picture, segmentation, segmenter.semantics, signal);
    await showSecond(picture, signal);
    signal.throwIfAborted();
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
  aspect = image.width / image.height;
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
    warn('');
    const remark = await painter.call('compare', { file: truth, reading: readingOf() });
    // Of one that is compared meanwhile, that one says it.
    if (remark !== '') warn(remark);
  } catch (error) {
    warnOf(error);
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

function showFirst(given: readonly Picture[]): void {
  const first = pictures.add(given);
  if (first !== undefined) segment(first);
}

takeFrom({
  images: (files) => showFirst(imagesOf(files, channels)),
  truth(file, stem) {
    const named = pictures.find((name) => stemOf(name) === stem);
    const picture = stem === undefined ? current : named;
    if (picture === undefined) {
      warn(`${file.name}: there is no image ${stem ?? ''} that it would be the mask of`);
      return;
    }
    picture.truth = file;
    if (picture === shown) compare(file).catch(tell);
  },
  model: tryModel,
  second: holdSecond,
  knows: (stem) => pictures.find((name) => stemOf(name) === stem) !== undefined,
});

for (const { id, name, source, model: itsModel } of EXAMPLES) {
  button(id).addEventListener('click', async () => {
    const added = pictures.add([{ name, source }]);
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
    warn(`The camera cannot be used: ${reason(error)}`);
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
    warnOf(error);
    return;
  }
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});
button('alone').addEventListener('click', async () => {
  second.close();
  offerWipe();
  button('second').focus();
  await painter.call('beside', undefined);
  if (shown !== undefined) await repaint();
});
onDivider(
  () => aspect,
  (share) => painter.call('wipe', share).catch(tell),
);
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
