/** The page: images in, masks out, nothing over the network but the page's own files. */
import { NmodeError, reason } from '../../graph/common/errors.js';
import { takesThreshold } from '../../runtime/masks/classes.js';
import { benchmark } from './benchmark.js';
import { button, describe, element, input } from './elements.js';
import { Engine, type Model } from './engine.js';
import { EXAMPLES, MODEL, modelText } from './examples.js';
import { forgetHints, offerHints, onWish, wishOf } from './fields/wish-fields.js';
import { keepOffline } from './offline.js';
import { type Picture, Pictures } from './pictures.js';
import { aboutOf, providerOf } from './reports.js';
import { SecondModel } from './second-model.js';
import { imagesOf, takeFrom, takePicture } from './sources.js';
import { Stage } from './stage.js';
import { isAbort, say, sayProgress, tell, warn, warning, warnOf } from './status.js';

const engine = new Engine();
const second = new SecondModel();
const stage = new Stage();
const pictures = new Pictures(choose);

let model: Model = MODEL;
/** The last that could not be loaded: a head may be what it lacks. */
let refused: Model | undefined;
/** Of the model. */
let channels = 3;
let current = pictures.add(EXAMPLES);
/** The example that the page opens with was chosen by nobody. */
let isChosen = false;
/** Onnxruntime does not recover from a failure: the next image gets a new one. */
let broken = false;
let stopSegmenting = new AbortController();

/** Stops what is segmented, and says that another model comes. */
function beginLoading(why: string): void {
  stopSegmenting.abort(new DOMException(why, 'AbortError'));
  warn('');
  say('loading', 'Loading');
}

/** @returns whether the model could be loaded */
async function start(): Promise<boolean> {
  beginLoading('another model was chosen');
  for (const id of ['about', 'engine']) describe(element(id, HTMLElement), []);
  try {
    const segmenter = await engine.start(wishOf(model), sayProgress);
    describe(element('about', HTMLElement), aboutOf(segmenter, model));
    describe(element('engine', HTMLElement), providerOf(segmenter));
    await second.reload(wishOf(model), sayProgress).catch(warnOf);
    nameModels();
    const { semantics, classes } = segmenter;
    channels = segmenter.channels;
    input('threshold').disabled = !takesThreshold(semantics, classes);
    await segmentCurrent();
    return true;
  } catch (error) {
    tell(error);
    // Another that was chosen meanwhile is loading.
    return isAbort(error);
  }
}

/** Segments what was chosen; the example, which nobody chose, where the model is for photographs. */
async function segmentCurrent(): Promise<void> {
  if (current !== undefined && (isChosen || channels === 3)) return segment(current);
  stage.clear();
  pictures.mark(undefined);
  say('ready', 'Ready');
}

/** Runs another model from now on, or the one before where it cannot be loaded. */
async function tryModel(file: Model): Promise<void> {
  const before = model;
  model = file;
  refused = undefined;
  if (await start()) return;
  const problem = warning();
  [model, refused] = [before, file];
  forgetHints();
  await start();
  warn(problem);
}

/** Holds another model beside the one that there is. */
async function holdSecond(file: File): Promise<void> {
  beginLoading('a second model was chosen');
  try {
    await second.load(file, wishOf(model), sayProgress);
  } catch (error) {
    if (isAbort(error)) return;
    warnOf(error);
  }
  nameModels();
  const problem = warning();
  await segmentCurrent();
  if (problem !== '') warn(problem);
}

function nameModels(): void {
  const { name } = second;
  stage.nameModels(name === undefined ? undefined : { left: modelText(model), right: name });
  button('bundled').hidden = !(model instanceof File);
  // The bundled models say all of themselves.
  offerHints(model instanceof File || refused !== undefined || name !== undefined);
}

/** Lays the masks of the second model beside those that are shown, where there is one. */
async function showSecond(picture: Picture, signal: AbortSignal): Promise<void> {
  if (second.name === undefined) return;
  say('segmenting', `Segmenting ${picture.name} with ${second.name}`);
  try {
    const answer = await second.segment(picture.source, signal);
    signal.throwIfAborted();
    if (answer !== undefined) await stage.beside(answer);
  } catch (error) {
    signal.throwIfAborted();
    warnOf(error);
    await stage.beside(undefined);
  }
}

async function segment(picture: Picture): Promise<void> {
  current = picture;
  pictures.mark(picture);
  if (broken) {
    broken = false;
    await start();
    return;
  }
  stage.present(undefined);
  stopSegmenting.abort(new DOMException('another was chosen', 'AbortError'));
  stopSegmenting = new AbortController();
  const { signal } = stopSegmenting;
  try {
    const segmenter = await engine.segmenter;
    if (signal.aborted) return;
    warn('');
    say('segmenting', `Segmenting ${picture.name}`);
    const segmentation = await segmenter.segment(picture.source, { pixels: true, signal });
    await stage.show(picture, segmentation, segmenter.semantics, signal);
    await showSecond(picture, signal);
    signal.throwIfAborted();
    say('done', [`${picture.name}: segmented`, ...segmentation.warnings].join('; '));
    keepOffline(segmenter.provider.effective);
  } catch (error) {
    if (signal.aborted) return;
    stage.clear();
    broken = error instanceof NmodeError && error.code === 'CANNOT_RUN';
    tell(error);
  }
}

/** Segments an image that was chosen, an example by its own model unless there is one of one's own, which is meant for all. */
async function choose(picture: Picture): Promise<void> {
  isChosen = true;
  if (picture.model === undefined || picture.model === model || model instanceof File)
    return segment(picture);
  current = picture;
  await tryModel(picture.model);
}

function showFirst(given: readonly Picture[]): void {
  const first = pictures.add(given);
  if (first !== undefined) choose(first);
}

takeFrom({
  images: (files) => showFirst(imagesOf(files, channels)),
  truth(file, stem) {
    const picture = stem === undefined ? stage.shown : pictures.pair(file, stem);
    if (picture === undefined && stem === undefined) warn(`${file.name}: choose its photo first`);
    if (picture === undefined) return;
    picture.truth = file;
    if (picture === stage.shown) stage.compare(file).catch(tell);
  },
  model: tryModel,
  second: holdSecond,
  knows: (stem) => pictures.find(stem) !== undefined,
});

button('camera').addEventListener('click', async () => {
  try {
    const file = await takePicture();
    if (file !== undefined) showFirst([{ name: file.name, source: file }]);
  } catch (error) {
    warn(`The camera cannot be used: ${reason(error)}`);
  }
});
button('bundled').addEventListener('click', () => {
  forgetHints();
  tryModel(MODEL);
});
button('alone').addEventListener('click', async () => {
  second.close();
  nameModels();
  button('second').focus();
  await stage.beside(undefined);
});
button('benchmark').addEventListener('click', () => {
  const { shown } = stage;
  if (shown !== undefined) benchmark(wishOf(model), shown.source);
});
onWish(start, () => (refused === undefined ? start() : tryModel(refused)));

start();
