import type { ImageRaster } from '../../common/raster.js';
import { imageMethods } from '../../images/image-methods.js';
import { readChannels } from '../images/channels.js';
import type { LocalFile } from '../images/files.js';
import { loadSharp } from '../images/sharp.js';
import { serve } from './serve.js';

const methods = {
  ...imageMethods((source: readonly LocalFile[] | ImageRaster, channels) =>
    'channels' in source ? source : readChannels(source, channels),
  ),
  /** Loads what reading images takes, so that the first does not wait for it. */
  warmUp: async (): Promise<void> => void (await loadSharp()),
};

export type ImageMethods = typeof methods;

serve(methods);
