import type { Conditions } from '../conditions.js';
import { CHECKPOINTS } from './exporters/checkpoints.js';
import { GRAFTING } from './exporters/grafting.js';
import { NETWORKS } from './exporters/networks.js';
import { PICKLES } from './exporters/pickles.js';

export const EXPORTERS: Conditions = { ...NETWORKS, ...GRAFTING, ...CHECKPOINTS, ...PICKLES };
