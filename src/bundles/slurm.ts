import { type BundledModel, type BundleFormat, modelFile } from './bundle.js';

/** An array of shards, and what merges them. */
export const slurm = {
  id: 'slurm',
  forImages: true,
  files: (model: BundledModel) => [
    { path: 'predict.sbatch', contents: predictScript(model) },
    { path: 'merge.sbatch', contents: mergeScript(model) },
    modelFile(model),
  ],
} as const satisfies BundleFormat;

const predictScript = ({ name, shards, memory }: BundledModel) => `#!/bin/bash
# Segments a folder of images: each task of the array does its shard, and one that is requeued resumes.
#   job=$(sbatch --parsable --export=ALL,IMAGES=/data/images,MASKS=/data/masks predict.sbatch)
#   sbatch --dependency=afterok:$job --export=ALL,MASKS=/data/masks merge.sbatch
# To repeat task 3 alone: sbatch --array=3 --export=ALL,IMAGES=...,MASKS=...,SHARD=3/${shards} predict.sbatch
#SBATCH --job-name=${name}
#SBATCH --array=0-${shards - 1}
#SBATCH --cpus-per-task=2
#SBATCH --mem=${memory}M
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=${name}-%a.log
set -euo pipefail
# What sbatch ran is a copy elsewhere: the model is beside where it was submitted.
cd "$SLURM_SUBMIT_DIR"
# The command takes its signals itself: exec, and no srun or npx between.
exec "\${NMODE:-nmode}" predict ${name}.onnx "$IMAGES" --output "$MASKS" --shard "\${SHARD:-auto}" --threads "$SLURM_CPUS_PER_TASK"
`;

const mergeScript = ({ name, memory }: BundledModel) => `#!/bin/bash
# Checks every mask of the array's shards, and writes $MASKS/manifest.jsonl.
#SBATCH --job-name=${name}-merge
#SBATCH --cpus-per-task=1
#SBATCH --mem=${memory}M
#SBATCH --output=${name}-merge.log
set -euo pipefail
exec "\${NMODE:-nmode}" merge "$MASKS" --output "$MASKS"
`;
