import type { Conditions } from '../conditions.js';
import { GRADIENTS } from './graph/gradients.js';
import { LIFTING } from './graph/lifting.js';
import { MODELS } from './graph/models.js';
import { OPS } from './graph/ops.js';
import { TRAINING } from './graph/training.js';

export const GRAPH: Conditions = { ...MODELS, ...LIFTING, ...OPS, ...GRADIENTS, ...TRAINING };
