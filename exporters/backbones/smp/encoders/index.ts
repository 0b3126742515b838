import type { Encoder } from './encoder.js';
import { RESNETS } from './resnet.js';
import { VGGS } from './vgg.js';

/** The encoders that are known, by `encoder_name`. */
export const ENCODERS: readonly Encoder[] = [...RESNETS, ...VGGS];
