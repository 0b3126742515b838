import type { ImageRaster } from '../../common/raster.js';
import { imageMethods } from '../../images/image-methods.js';
import { type ImageFile, readChannels } from '../images/files.js';
import { loadSharp } from '../images/sharp.js';
import { serve } from './serve.js';

const methods = {
  ...imageMethods((source: ImageFile | ImageRaster, channels) =>
    typeof source === 'string' || source instanceof Uint8Array ? readChannels(source, channels) : source,
  ),
  /** Loads what reading images takes, so that the first does not wait for it. */
  warmUp: async (): Promise<void> => void (await loadSharp()),
};

export type ImageMethods = typeof methods;

serve(methods);
