import type { BundleFormat } from './bundle.js';
import { docker } from './docker.js';
import { k8sJob } from './k8s-job.js';
import { kserve } from './kserve.js';
import { slurm } from './slurm.js';
import { systemd } from './systemd.js';
import { triton } from './triton.js';

/** In the order of `--help`. */
export const FORMATS = [
  triton,
  kserve,
  k8sJob,
  slurm,
  docker,
  systemd,
] as const satisfies readonly BundleFormat[];

export type BundleFormatId = (typeof FORMATS)[number]['id'];
