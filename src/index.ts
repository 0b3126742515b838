/** The Node API of nmode-onnx. Importing it loads neither onnxruntime nor sharp; what needs them does. */

export type { GraphOptions, InputSize } from '../exporters/assembly/build.js';
export type { DecoderId, Hints } from '../exporters/assembly/describe.js';
export type { ExportOptions, GraphPlan, HintOptions, ImagePlan } from '../exporters/assembly/export-plan.js';
export type { Head } from '../exporters/assembly/head.js';
export type {
  Backbone,
  Extras,
  NamedArguments,
  Network,
  NetworkDefinition,
  OwnDecoder,
} from '../exporters/backbones/backbone.js';
export { type BackboneDefinition, defineBackbone } from '../exporters/backbones/define.js';
export type {
  ChannelPreparation,
  DatasetLabels,
  Intensities,
  OutputChannel,
  Preparation,
  Resampling,
  Scheme,
} from '../exporters/backbones/preparation.js';
export type { CheckpointFormat } from '../exporters/checkpoints/open.js';
export type { KeySelection } from '../exporters/checkpoints/select-keys.js';
export type { Order } from '../exporters/decoders/block.js';
export type { Convolution, DecoderKeys } from '../exporters/decoders/keys.js';
export type { MultistepForm } from '../exporters/decoders/multistep.js';
export type { SolverChoices, SolverId } from '../exporters/decoders/solvers.js';
export type { Activation } from '../exporters/decoders/variant.js';
export type { GraftHints } from '../exporters/grafting/graft.js';
export type { GraftImages } from '../exporters/grafting/metadata.js';
export type { ActivationName, Exchangeable, Parametric } from '../exporters/nn/activations.js';
export type {
  Padding,
  Pooling,
  SettingName,
  SettingOf,
  Settings,
  SettingsInUse,
  Upsampling,
} from '../exporters/nn/settings.js';
export type { Shapes, TensorSource, Weights } from '../exporters/nn/weights.js';
export type { NodeCost } from '../graph/analysis/cost.js';
export type { Feature } from '../graph/analysis/features.js';
export type { DType } from '../graph/ir/dtype.js';
export type { Value } from '../graph/ir/value.js';
export type { Level, OptimizeOptions } from '../graph/passes/optimize.js';
export type { Target } from '../graph/passes/winograd/cost.js';
export type { Reached } from '../graph/precision/reached.js';
export type { CalibrationMethod } from '../graph/quantization/calibrate.js';
export type { Quantized } from '../graph/quantization/quantize.js';
export type { GaveUp } from '../graph/quantization/search.js';
export type { CheckedAssumption } from '../graph/recipe/assumption.js';
export type { UntypedNode } from '../graph/rewriting/untyped.js';
export type { ChannelFiles } from '../runtime/node/images/channels.js';
export { encodePng, type ImageFile, readImage, readMask } from '../runtime/node/images/files.js';
export type { ModelSource } from '../runtime/node/model.js';
export type { FilePath } from '../runtime/node/path-of.js';
export {
  type ImageSource,
  type Segmentation,
  type Segmented,
  Segmenter,
  type SegmenterOptions,
} from '../runtime/node/segmenter.js';
export type { GraphOptimization } from '../runtime/node/sessions/native.js';
export type { Placement, ProviderPlacement } from '../runtime/node/sessions/provider-placement.js';
export {
  PROVIDER_IDS,
  type ProviderChoice,
  type ProviderId,
  type ProviderName,
} from '../runtime/node/sessions/providers.js';
export {
  createSession,
  type LoadProgress,
  type ProviderReport,
  type Session,
  type SessionOptions,
} from '../runtime/node/sessions/session.js';
export type { TruthReading } from '../runtime/truth/truth.js';
export type { Rgb } from '../runtime/truth/truth-image.js';
export { type BenchOptions, bench } from './api/bench.js';
export { type BundleOptions, type BundleReport, bundle } from './api/bundle.js';
export { type CompareOptions, compare } from './api/compare.js';
export { type Diagnosis, type DoctorOptions, doctor, type ProviderDiagnosis } from './api/doctor.js';
export { type EvaluateOptions, evaluate } from './api/evaluate.js';
export { type ExportModelOptions, type ExportReport, exportModel } from './api/export.js';
export { type GraftOptions, type GraftReport, graft } from './api/graft.js';
export * from './api/inspect.js';
export type { CheckpointReport, TensorReport } from './api/inspect-checkpoint.js';
/** Types of graphs. @experimental */
export type * as ir from './api/ir.js';
/** Layers of PyTorch as graphs. @experimental */
export * as layers from './api/layers.js';
export { type LoadTestOptions, type LoadTestReport, loadTest } from './api/loadtest.js';
export { type MergeOptions, type MergeReport, merge } from './api/merge.js';
export { type OptimizeModelOptions, type OptimizeReport, optimizeModel } from './api/optimize.js';
export type { OutputOptions, ProbabilityFormat } from './api/predict/predict-files.js';
export type { ImageOptions } from './api/predict/predict-tasks.js';
export * from './api/predict.js';
export { type ServeOptions, type Server, serve } from './api/serve.js';
export { proposeSkips, type SkipsOptions, type SkipsReport } from './api/skips.js';
export { slim } from './api/slim.js';
/** Training on graphs. @experimental */
export * as training from './api/training.js';
export { type Verification, type VerifyOptions, verify } from './api/verify.js';
export type { ProofOptions, ProofReport, ReferenceParity } from './api/write-proven.js';
export type { FailedEntry } from './batch/manifest.js';
export type { Shard } from './batch/shard.js';
export type { ShardReport } from './batch/shard-run.js';
export type { BundleFormatId } from './bundles/formats.js';
export { findImages } from './files/find-images.js';
export type { Failure } from './files/pairs.js';
export type { BenchFigures, BenchReport, Scenario } from './measuring/bench-figures.js';
export type { AskedSizes } from './measuring/bench-model.js';
export type { Comparison, Figures } from './measuring/comparison.js';
export type { OutputParity, Parity, ParityOptions } from './parity/parity.js';
export type { ReferenceTolerance } from './parity/tolerance.js';
export type { ClassMetrics } from './reports/compare-classes.js';
export type { EvaluationReport } from './reports/evaluation-counts.js';
export type { TruthSummary } from './reports/truth-report.js';
export * from './shared.js';
export type { SlimOptions, SlimProgress } from './slimming/slim-options.js';
export type * from './slimming/slim-report.js';
export type { UsedRecipe } from './transform/calibration-inputs.js';
export type { Difference, OutputDifference } from './transform/difference.js';
export type { ImageDifference } from './transform/image-comparison.js';
export type { LiftOptions, LiftReport } from './transform/lifting.js';
export type { Precision } from './transform/precision.js';
export type { QuantizedLayers } from './transform/precision-lowering.js';
export type { Transformed, TransformOptions } from './transform/transform.js';
export type { Progress, ProgressUnit } from './transform/watch.js';
