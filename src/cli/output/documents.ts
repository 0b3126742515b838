import type { BundleReport } from '../../api/bundle.js';
import type { Diagnosis } from '../../api/doctor.js';
import type { LoadTestReport } from '../../api/loadtest.js';
import type { MergeReport } from '../../api/merge.js';
import type { OptimizeReport } from '../../api/optimize.js';
import type { PredictReport } from '../../api/predict.js';
import type { Verification } from '../../api/verify.js';
import type {
  BenchReport,
  CheckpointReport,
  Comparison,
  ExportReport,
  GraftReport,
  ModelReport,
  SkipsReport,
} from '../../index.js';
import type { EvaluationReport } from '../../reports/evaluation.js';
import type { SlimReport } from '../../slimming/slim-report.js';

/** A report of `predict` with its failures in plain words. */
export interface PredictDocument extends Omit<PredictReport, 'failures'> {
  readonly failures: readonly { readonly image: string; readonly code: string; readonly error: string }[];
}

/** What `--json` prints, by command; `npm run schemas` makes `docs/schemas.json` of these types. */
export interface Documents {
  readonly export: ExportReport;
  readonly graft: GraftReport;
  readonly verify: Verification;
  readonly inspect: CheckpointReport | ModelReport;
  readonly 'inspect --skips': SkipsReport;
  readonly predict: PredictDocument;
  readonly eval: EvaluationReport;
  /** Of the shards of `predict`; of those of `eval`, `merge` prints what `eval` does. */
  readonly merge: MergeReport;
  readonly bench: BenchReport;
  readonly doctor: Diagnosis;
  readonly compare: readonly Comparison[];
  readonly slim: SlimReport;
  readonly optimize: OptimizeReport;
  readonly bundle: BundleReport;
  readonly loadtest: LoadTestReport;
}
