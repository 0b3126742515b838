import type { ImageRaster } from '../../common/raster.js';
import { imageMethods } from '../../images/image-methods.js';
import { type ChannelFiles, readChannels } from '../images/channels.js';
import { loadSharp } from '../images/sharp.js';
import { serve } from './serve.js';

const methods = {
  ...imageMethods((source: ChannelFiles | ImageRaster, channels) =>
    'channels' in Object(source) ? (source as ImageRaster) : readChannels(source as ChannelFiles, channels),
  ),
  /** Loads what reading images takes, so that the first does not wait for it. */
  warmUp: async (): Promise<void> => void (await loadSharp()),
};

export type ImageMethods = typeof methods;

serve(methods);
