import type { Schedule } from '../../../graph/training/schedule.js';
import type { TrainingState } from '../../../graph/training/step.js';
import type { Classes } from '../../../runtime/masks/classes.js';
import type { SessionOptions } from '../../../runtime/node/sessions/session.js';
import type { Collected } from '../features/features.js';
import type { SlimProgress } from '../slim-options.js';
import type { HeldOutLook } from '../slim-report.js';
import type { Fitting } from './student.js';

/** What a fitting has come to: enough to go on as if it had not been interrupted. */
export interface FitRecord {
  /** How many steps were taken, and what is behind them. */
  readonly step: number;
  readonly state: TrainingState;
  /** Of each step. */
  readonly losses: readonly number[];
  /** That the steps took, of all runs. */
  readonly seconds: number;
  /** At the images that are held out. */
  readonly looks: readonly HeldOutLook[];
  /** The weights that were nearest to the teacher there, and when. */
  readonly best?: HeldOutLook & { readonly state: TrainingState };
  /** Its running statistics are those of its weights, and it is normalised by them from here on. */
  readonly settled?: boolean;
  /** It ended before its last step, since nothing improved. */
  readonly stopped?: boolean;
}

export type FitProgress = Omit<Extract<SlimProgress, { phase: 'fitting' }>, 'phase'>;

/** What is to be done, but for how many times. */
export type Untimed = Omit<FitTask, 'steps' | 'rates' | 'keep'>;

export interface FitTask {
  readonly fitting: Fitting;
  readonly collected: Collected;
  readonly steps: number;
  /** The learning rate of each step. */
  readonly rates: Schedule;
  readonly classes: Classes;
  readonly session: SessionOptions;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: FitProgress) => void;
  /** Told of every step; what it is told for the last time has to be kept. */
  readonly keep: (record: FitRecord, isLast: boolean) => Promise<void>;
}
