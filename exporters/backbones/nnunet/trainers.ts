import type { PlannedNetwork } from './plans.js';

/** What names of nnU-Net's own trainers are put together of: losses, augmentation, optimizers, the length of a training. */
const WORDS = [
  ...['BN', 'NoDeepSupervision', 'Benchmark', 'noDataLoading', 'warmup', 'probabilisticOversampling'],
  ...['DA5', 'DAOrd0', 'DASegOrd0', 'ord0', 'Segord0', 'fasterDA', 'NoDA', 'noDummy2DDA', 'BS8'],
  ...['NoMirroring', 'onlyMirror01', 'CELoss', 'DiceLoss', 'DiceCELoss', 'noSmooth', 'DiceTopK10Loss'],
  ...['Topk10Loss', 'LS01', 'FocalLoss', 'CosAnneal', 'VanillaAdam', 'Adam', 'Adan', '1en1', '1en3', '3en4'],
  // A number is taken whole: parts of it would be tried without end.
  '\\d+(?!\\d)(epochs?|ep)?',
];
const OWN = new RegExp(`^nnUNetTrainer(_?(${WORDS.join('|')}))*$`);

/** Whether a trainer builds what plans and keys say: nnU-Net's own do, of which nnUNetTrainerBN's norm stands in the keys. */
export const isOwn = (trainer: string | undefined): boolean => trainer === undefined || OWN.test(trainer);

/** What a trainer builds of plans, where it is not what they say. */
export function builtBy(trainer: string | undefined, planned: PlannedNetwork): PlannedNetwork {
  if (trainer !== 'nnUNetTrainerResEncUNet') return planned;
  const { n_conv_per_stage: _, ...args } = planned.arguments;
  const stages = Array.isArray(args.kernel_sizes) ? args.kernel_sizes.length : 0;
  const blocks = Array.from({ length: stages }, (_each, level) => [1, 3, 4][level] ?? 6);
  return {
    className: 'ResidualEncoderUNet',
    arguments: { ...args, n_blocks_per_stage: blocks, n_conv_per_stage_decoder: 1 },
  };
}
