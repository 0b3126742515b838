import { type ImageFile, readImage } from '../images/files.js';
import { type Finished, type FinishOptions, Job, type ModelForm } from '../images/job.js';
import type { RgbImage } from '../images/raster.js';
import { loadSharp } from '../images/sharp.js';
import type { Bytes, Floats } from '../sessions/tensors.js';
import { serve } from './serve.js';

/** Every answer tells how long its part of the work took. */
export interface Timed {
  readonly milliseconds: number;
}

export interface Begun extends Timed {
  readonly width: number;
  readonly height: number;
  /** How many runs of the network the image takes. */
  readonly inputs: number;
}

const jobs = new Map<number, Job>();

function jobOf(id: number): Job {
  const job = jobs.get(id);
  if (job === undefined) throw new TypeError('no such image is being segmented');
  return job;
}

async function timed<T extends object>(body: () => T | Promise<T>): Promise<T & Timed> {
  const start = performance.now();
  const value = await body();
  return { ...value, milliseconds: performance.now() - start };
}

/** A thread that does everything to images but running the network. */
const methods = {
  /** Loads what reading images takes, so that the first does not wait for it. */
  warmUp: async (): Promise<void> => void (await loadSharp()),
  begin: ({
    id,
    source,
    form,
  }: {
    id: number;
    source: ImageFile | RgbImage;
    form: ModelForm;
  }): Promise<Begun> =>
    timed(async () => {
      const isFile = typeof source === 'string' || source instanceof Uint8Array;
      const image = isFile ? await readImage(source) : source;
      const job = new Job(image, form);
      jobs.set(id, job);
      return { width: image.width, height: image.height, inputs: job.inputs };
    }),
  input: ({ id, index }: { id: number; index: number }): Promise<{ input: Floats | Bytes } & Timed> =>
    timed(() => {
      const { dims, data } = jobOf(id).input(index);
      // What is answered is given away, and a model that takes images is given the image itself.
      return { input: { dims, data: data instanceof Uint8Array ? data.slice() : data } as Floats | Bytes };
    }),
  place: ({ id, index, output }: { id: number; index: number; output: Floats }): Promise<Timed> =>
    timed(() => {
      jobOf(id).place(index, output);
      return {};
    }),
  finish: ({ id, options }: { id: number; options: FinishOptions }): Promise<Finished & Timed> =>
    timed(() => {
      const finished = jobOf(id).finish(options);
      jobs.delete(id);
      return finished;
    }),
  drop(id: number): void {
    jobs.delete(id);
  },
};

export type ImageMethods = typeof methods;

serve(methods);
