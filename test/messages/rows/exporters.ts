import type { Conditions } from '../conditions.js';
import { CHECKPOINTS } from './exporters/checkpoints.js';
import { GRAFTING } from './exporters/grafting.js';
import { MONAI } from './exporters/monai.js';
import { NETWORKS } from './exporters/networks.js';
import { NNUNET } from './exporters/nnunet.js';
import { PICKLES } from './exporters/pickles.js';
import { SMP } from './exporters/smp.js';

export const EXPORTERS: Conditions = {
  ...NETWORKS,
  ...SMP,
  ...MONAI,
  ...NNUNET,
  ...GRAFTING,
  ...CHECKPOINTS,
  ...PICKLES,
};
