import type { Architecture } from './architecture.js';
import { ATTENTION_UNET } from './nets/attention-unet.js';
import { BASIC_UNET } from './nets/basic-unet.js';
import { DYNUNET } from './nets/dynunet.js';
import { SEGRESNET } from './nets/segresnet.js';
import { UNET } from './nets/unet.js';

/** The classes of MONAI's networks that are known. */
export const ARCHITECTURES: readonly Architecture[] = [UNET, BASIC_UNET, ATTENTION_UNET, DYNUNET, SEGRESNET];

export const architectureNamed = (name: string): Architecture | undefined =>
  ARCHITECTURES.find(({ className, aliases }) => className === name || aliases.includes(name));
