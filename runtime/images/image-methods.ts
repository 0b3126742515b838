import type { ImageRaster } from '../common/raster.js';
import type { Bytes, Floats } from '../sessions/tensors.js';
import { type Channels, withChannels } from './channels.js';
import type { Tiling } from './courses/course.js';
import { warningsOf } from './depth.js';
import { type Finished, type FinishOptions, Job, type ModelSpec } from './job.js';

/** Every answer tells how long its part of the work took. */
export interface Timed {
  readonly milliseconds: number;
}

export interface Begun extends Timed {
  readonly width: number;
  readonly height: number;
  /** How many runs of the network the image takes. */
  readonly inputs: number;
  /** What was passed over and assumed when the image was read, and that its recipe leaves nothing of it. */
  readonly warnings: readonly string[];
  readonly tiling?: Tiling;
}

async function timed<T extends object>(body: () => T | Promise<T>): Promise<T & Timed> {
  const start = performance.now();
  const value = await body();
  return { ...value, milliseconds: performance.now() - start };
}

/**
 * The methods of a thread that does everything to images but running the network.
 * @param read decodes what the platform gives to the thread, to the channels that a model takes
 */
export function imageMethods<S>(read: (source: S, channels: Channels) => ImageRaster | Promise<ImageRaster>) {
  const jobs = new Map<number, Job>();
  const jobOf = (id: number): Job => {
    const job = jobs.get(id);
    if (job === undefined) throw new TypeError('no such image is being segmented');
    return job;
  };
  return {
    begin: ({ id, source, spec }: { id: number; source: S; spec: ModelSpec }): Promise<Begun> =>
      timed(async () => {
        const image = withChannels(await read(source, spec), spec);
        const job = new Job(image, spec);
        jobs.set(id, job);
        const { width, height } = image;
        const warnings = warningsOf(image, spec.recipe.normalization);
        const { inputs, tiling } = job;
        return { width, height, inputs, warnings, ...(tiling && { tiling }) };
      }),
    input: ({ id, index }: { id: number; index: number }): Promise<{ input: Floats | Bytes } & Timed> =>
      timed(() => {
        const { dims, data } = jobOf(id).input(index);
        // What is answered is given away, and a model that takes images is given the image itself.
        const own = data instanceof Float32Array ? data : data.slice();
        return { input: { dims, data: own } as Floats | Bytes };
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
}
