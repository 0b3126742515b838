/** The Node API of nmode-onnx. Importing it loads neither onnxruntime nor sharp; what needs them does. */
export type { Upsampling } from '../exporters/backbones/backbone.js';
export type { InputSize } from '../exporters/build.js';
export type { CheckpointFormat } from '../exporters/checkpoints/open.js';
export type { Order } from '../exporters/decoders/block.js';
export type { MultistepForm } from '../exporters/decoders/multistep.js';
export type { Activation } from '../exporters/decoders/nmode.js';
export type { DecoderId } from '../exporters/describe.js';
export { VERSION } from '../exporters/version.js';
export type { NodeCost } from '../graph/cost.js';
export type { DType } from '../graph/dtype.js';
export { ERRORS, type ErrorCode, NmodeError } from '../graph/errors.js';
export type { OutputParity, Parity, ParityOptions } from '../runtime/parity.js';
export type { GraphOptimization } from '../runtime/sessions/native.js';
export type { SessionOptions } from '../runtime/sessions/session.js';
export { type CompareOptions, type Comparison, compare } from './compare.js';
export { type ExportModelOptions, type ExportReport, exportModel } from './export.js';
export {
  type CheckpointReport,
  inspect,
  type ModelReport,
  type PortReport,
  type TensorReport,
} from './inspect.js';
export { type Prediction, type PredictOptions, type PredictReport, predict } from './predict.js';
export { type VerifyOptions, verify } from './verify.js';
