import { numpyBroadcasting, slopePerChannel } from './broadcasting.js';
import { type Change, without } from './change.js';
import { flattening } from './flattening.js';
import { onePerChannel, resultAlone, spatialNormalization } from './normalization.js';
import {
  gridModes,
  halfPixelNearest,
  oneListOfScales,
  regionsAsTheyAre,
  resizePlaced,
  scalesToInput,
  upsampleToResize,
} from './resampling.js';
import {
  clipToInputs,
  dftToInput,
  dropoutToInput,
  listToInput,
  padToInputs,
  sliceToInputs,
  splitIntoOutputs,
  topKToInput,
} from './to-inputs.js';

const dropping =
  (...names: readonly string[]): Change =>
  (node) => [without(node, ...names)];

const axesToInput = listToInput('axes');

const renamed =
  (opType: string): Change =>
  (node) => [{ ...node, opType }];

const refused =
  (why: string): Change =>
  () => {
    throw new TypeError(why);
  };

/**
 * Every operator that an opset after 6 gave another signature or another meaning, and what a node of before is there (ONNX,
 * docs/Changelog.md). Opsets that widened types, or gave an attribute whose default is what was before, have no row.
 */
export const CHANGES: readonly (readonly [opset: number, operators: string, change: Change])[] = [
  [7, 'Add And Div Equal Greater Less Mul Or Pow Sub Xor', numpyBroadcasting],
  [7, 'BatchNormalization', dropping('is_test')],
  [7, 'Dropout', dropping('is_test')],
  [7, 'GRU LSTM RNN', dropping('output_sequence')],
  [7, 'Gemm', dropping('broadcast')],
  [7, 'PRelu', slopePerChannel],
  [7, 'Upsample', oneListOfScales],
  [9, 'BatchNormalization', spatialNormalization],
  [9, 'Scan', refused('its batches, which opset 9 removed, have no equivalent')],
  [9, 'Upsample', scalesToInput],
  [10, 'Dropout', resultAlone],
  [10, 'Slice', sliceToInputs],
  [10, 'TopK', topKToInput],
  [10, 'Upsample', upsampleToResize],
  [11, 'Clip', clipToInputs],
  [11, 'Pad', padToInputs],
  [11, 'Resize', resizePlaced],
  [11, 'Scatter', renamed('ScatterElements')],
  [12, 'Dropout', dropoutToInput],
  [13, 'BatchNormalization', resultAlone],
  [13, 'Hardmax LogSoftmax Softmax', flattening],
  [13, 'ReduceSum Squeeze Unsqueeze', axesToInput],
  [13, 'Resize', halfPixelNearest],
  [13, 'Split', listToInput('split')],
  [16, 'RoiAlign', regionsAsTheyAre],
  [18, 'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax', axesToInput],
  [18, 'ReduceMean ReduceMin ReduceProd ReduceSumSquare', axesToInput],
  [18, 'Split', splitIntoOutputs],
  [20, 'DFT', dftToInput],
  [20, 'GridSample', gridModes],
  [21, 'GroupNormalization', onePerChannel],
];
