import type * as api from '../../index.js';

/** A report of `predict` with its failures in plain words. */
export interface PredictDocument extends Omit<api.PredictReport, 'failures'> {
  readonly failures: readonly { readonly image: string; readonly code: string; readonly error: string }[];
}

/** What `--json` prints, by command; `npm run schemas` makes `docs/schemas.json` of these types. */
export interface Documents {
  readonly export: api.ExportReport;
  readonly graft: api.GraftReport;
  readonly verify: api.Verification;
  readonly inspect: api.CheckpointReport | api.ModelReport;
  readonly 'inspect --skips': api.SkipsReport;
  readonly predict: PredictDocument;
  readonly eval: api.EvaluationReport;
  /** Of the shards of `predict`; of those of `eval`, `merge` prints what `eval` does. */
  readonly merge: api.MergeReport;
  readonly bench: api.BenchReport;
  readonly doctor: api.Diagnosis;
  readonly compare: readonly api.Comparison[];
  readonly slim: api.SlimReport;
  readonly optimize: api.OptimizeReport;
  readonly bundle: api.BundleReport;
  readonly loadtest: api.LoadTestReport;
}
