import type { Backbone } from './backbone.js';
import { UNet } from './unet.js';

/** Every backbone, in the order in which a checkpoint is tried. */
export const BACKBONES: readonly Backbone[] = [UNet];
