import type { DecoderId } from '../../exporters/assembly/describe.js';
import type { Assumption } from '../../graph/recipe/assumption.js';

/** Parameters, and multiply-adds of convolutions and matrix products for one image. */
export interface Figures {
  readonly parameters: number;
  readonly macs: number;
}

export interface Comparison extends Figures {
  readonly backbone: string;
  readonly decoder: DecoderId;
  /** What of these figures is the encoder's. */
  readonly encoder: Figures;
  /** Size of the .onnx file. */
  readonly bytes: number;
  /** 1 - figure / the same of the original decoder; absent where the backbone has none. */
  readonly saved?: Figures;
  /** Median of a run in milliseconds, and its ratio to the original decoder's; with `time`. */
  readonly latency?: { readonly p50: number; readonly ratio: number };
  /** What a checkpoint's network was taken for, where no reference has proven it. */
  readonly assumed?: readonly Assumption[];
}
