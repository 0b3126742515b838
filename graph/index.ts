/** ONNX in TypeScript: typed values and operators, checking, cost, reading and writing files. */
export { assemble, DEFAULT_OPSET, IR_OF_OPSET } from './assemble.js';
export type { Attribute, Attributes } from './attribute.js';
export { check } from './check.js';
export { type Cost, cost, type NodeCost } from './cost.js';
export type { DType } from './dtype.js';
export { ERRORS, type ErrorCode, NmodeError } from './errors.js';
export { parseModel, readModel } from './file/read.js';
export { encodeModel } from './file/write.js';
export type { DeclaredType, Graph, Model, Node, ValueInfo } from './model.js';
export type { Tensor } from './tensor.js';
