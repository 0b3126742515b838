import type { Checkpoint } from '../../exporters/checkpoints/open.js';
import { casesIn, type NetworkCase, seededCheckpoint } from './network-cases.js';

export const { variance: VARIANCE, cases: NNUNET_CASES } = casesIn('nnunet');

export const nnunetIdOf = (entry: NetworkCase): string => `nnunet.${entry.class.toLowerCase()}`;

/** What nnU-Net's planner writes of a configuration, around its network. */
export const configurationOf = ({ class: name, arguments: args }: NetworkCase, shape: readonly number[]) => ({
  patch_size: shape.slice(2),
  spacing: shape.slice(2).map(() => 1),
  normalization_schemes: Array(shape[1]).fill('ZScoreNormalization'),
  use_mask_for_norm: Array(shape[1]).fill(false),
  architecture: {
    network_class_name: `dynamic_network_architectures.architectures.unet.${name}`,
    arch_kwargs: args,
  },
});

/** Seeded weights, and the plans that they were trained by. */
export const plannedCheckpoint = (entry: NetworkCase, more: readonly [string, unknown][] = []): Checkpoint =>
  seededCheckpoint(entry, VARIANCE, [
    ['plans.json', JSON.stringify({ configurations: { own: configurationOf(entry, entry.shape) } })],
    ...more.map(([name, value]): [string, string] => [name, JSON.stringify(value)]),
  ]);
