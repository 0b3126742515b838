import { checkOptions, type Kinds, taken } from '../../graph/common/option-kinds.js';
import { withCallbacks } from '../common/callbacks.js';
import { naming } from '../common/naming.js';
import { INPUT_KINDS, type InputSpecOptions, inputSpecOf } from '../input-spec.js';
import type { SegmentOptions, SharedSegmentation, SharedSegmented } from '../segmentation.js';
import { BaseSegmenter, partsOf } from '../segmenter.js';
import { Respawning } from '../threads/respawning.js';
import { assetsUrl, needBrowser, startWorker } from './files.js';
import { hand, type ImageSource, sourceName } from './images/hand.js';
import { loadModel, type ModelSource } from './model.js';
import {
  createSession,
  type ProviderReport,
  SESSION_KINDS,
  type SessionOptions,
} from './sessions/session.js';
import { workerThread } from './threads/thread.js';
import type { WorkerMethods } from './threads/worker.js';

/** What is found in an image: masks, and what options of the type `O` ask for beside them. */
export type Segmentation<O extends SegmentOptions = SegmentOptions> = SharedSegmentation<ProviderReport, O>;

/** One image of many: what was found, or why nothing was. */
export type Segmented<S, O extends SegmentOptions = SegmentOptions> = SharedSegmented<S, ProviderReport, O>;

export interface SegmenterOptions extends SessionOptions, InputSpecOptions {}

const SEGMENTER_KINDS: Kinds<SegmenterOptions> = { ...SESSION_KINDS, ...INPUT_KINDS };

/** Half of Node's: a tab has less than a process. */
const MEMORY_BUDGET = 2 ** 29;

/**
 * Turns images into masks in the browser: decodes, prepares and cuts in one worker, runs the network in another. Images go
 * nowhere else. Close it: it holds memory outside JavaScript's.
 */
export class Segmenter extends BaseSegmenter<ImageSource, ProviderReport> {
  /**
   * Loads a model that takes one image.
   * @param source an .onnx file: its URL, a Blob or its bytes, which are copied before this returns
   * @throws NmodeError: BAD_MODEL, BAD_USAGE, CANNOT_RUN; the signal's reason
   */
  static async load(source: ModelSource, options: SegmenterOptions = {}): Promise<Segmenter> {
    checkOptions(options, SEGMENTER_KINDS);
    needBrowser();
    options.signal?.throwIfAborted();
    return withCallbacks(options, (own) => Segmenter.#open(source, own));
  }

  static async #open(source: ModelSource, options: SegmenterOptions): Promise<Segmenter> {
    const loading = loadModel(source, options).then((model) => {
      const spec = naming(model.name, () =>
        inputSpecOf(model.outline, { memoryBudget: MEMORY_BUDGET, ...options }),
      );
      return { ...model, spec };
    });
    // Where the options make no sense, nobody waits for the model.
    loading.catch(() => {});
    const session = await createSession(
      loading.then(({ bytes }) => bytes),
      taken(options, SESSION_KINDS),
    );
    const { spec, name, outline } = await loading;
    const assets = assetsUrl(options.assets);
    const images = new Respawning(() =>
      workerThread<WorkerMethods>(() => startWorker(assets), 'the segmenter'),
    );
    const output = outline.outputs[0]?.name;
    const parts = { session, images, spec, name, output, at: 'image', hand, nameOf: sourceName } as const;
    return new Segmenter(partsOf(parts));
  }
}
