import type { Provider } from './providers.js';

/** How far onnxruntime may rewrite a graph before it runs. */
export type GraphOptimization = 'disabled' | 'basic' | 'extended' | 'all';

export interface NativeOptions {
  readonly provider: Provider;
  readonly graphOptimization: GraphOptimization;
  readonly threads: number;
  /** Keep memory of the CPU for the next run. */
  readonly arena: boolean;
  /** Where files of the profile go, which begin with this. */
  readonly profilePrefix?: string;
}
