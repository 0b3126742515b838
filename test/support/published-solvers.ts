import type { SolverId } from '../../exporters/decoders/solvers.js';

/** The solvers whose outputs PyTorch gave for fixtures/: others are held against plain loops by their own tests. */
export const PUBLISHED: readonly SolverId[] = ['eed', 'hd', 'lmd', 'abm'];
