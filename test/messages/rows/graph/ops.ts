import type { Conditions } from '../../conditions.js';

/** What operators refuse. Each stands behind the name of its node, or of the operator and the module that applies it. */
export const OPS: Conditions = {
  'graph/ops/attention.ts': {
    '… is …, expected [N, heads, steps, width]':
      'an operand of Attention has neither four axes, nor three and a number of heads beside it',
  },
  'graph/ops/cast.ts': {
    "attribute 'to' is …, which is not an element type": 'the code is absent, below 1 or above 26',
  },
  'graph/ops/comparison.ts': {
    'condition is …, expected bool': 'the condition of a Where is of another element type than bool',
    'x is …, y is …': 'the two values of a Where are of two element types',
  },
  'graph/ops/concat.ts': {
    "attribute 'axis' is missing": 'a Concat has no attribute axis, which has no default',
    'parts are … and …': 'the parts of a Concat are of two element types',
    '… and … do not join on axis …':
      'the parts of a Concat differ in rank, or in a known size of another axis',
  },
  'graph/ops/constant.ts': {
    'it has …, expected one of …': 'a Constant has no attribute with a value, or several',
    'no value': 'a Constant has no attribute with a value',
    "attribute 'value' is of type …, expected tensor":
      'the attribute is of a type that is held here and no tensor',
    "attribute 'value' is not a tensor of one element":
      'the fill of a ConstantOfShape has not exactly one element',
    'delta is 0': 'the constant step of a Range is 0',
  },
  'graph/ops/conv-transpose.ts': {
    'x has … channels, weight takes …': 'the first size of the weight is another than the channels of x',
    '… input channels do not divide into … groups': 'the first size of the weight is no multiple of group',
    'output_padding […] does not fit … spatial axes': 'it has not one entry a spatial axis',
    'output_shape […] does not fit … spatial axes': 'it has not one entry a spatial axis',
  },
  'graph/ops/conv.ts': {
    'bias is …, expected […]': 'the bias is no vector of one element an output channel',
    'x … and weight … differ in rank': 'x and weight have not as many axes',
    'x … has no channels': 'x and weight have fewer than two axes',
    'kernel_shape is […], weight is …':
      'the attribute is given, and differs from the spatial sizes of the weight',
    'x has … channels, weight takes …':
      'the second size of the weight times group is another than the channels of x',
    '… output channels do not divide into … groups': 'the first size of the weight is no multiple of group',
  },
  'graph/ops/depth-to-space.ts': {
    'x … is not an image': 'x of a DepthToSpace has not four axes',
    '… channels do not divide into blocks of … by …':
      'the known channels are no multiple of the square of blocksize',
    'x … does not divide into blocks of … by …':
      'a known height or width of a SpaceToDepth is no multiple of blocksize',
  },
  'graph/ops/einsum.ts': {
    "'…' is not a term of an equation": 'a term holds another character than letters and one ellipsis',
    "equation '…' is not one of … operands":
      'the equation has more than one arrow, or another number of terms than the node has inputs',
    "operand … is …, equation '…' takes another rank":
      'a term has more labels than its operand axes, or fewer and no ellipsis',
    "'…' is … and …": 'one label stands for two known sizes that differ, neither of them 1',
    "'…' is in no operand": 'the result has a label that no term has',
  },
  'graph/ops/elementwise.ts': {
    '… and … do not broadcast': 'two known sizes on one axis differ, and neither is 1',
    'a is …, b is …': 'the operands are of two element types',
    'it has no operand': 'a Max, Mean, Min or Sum has no input',
    'x is …, slope is …': 'the slope of a PRelu is of another element type than x',
    'slope … does not stretch to …': 'the slope of a PRelu has more axes than x, or a larger size on one',
  },
  'graph/ops/expand.ts': {
    '… repeats for …': 'the repeats of a Tile are not one an axis',
  },
  'graph/ops/gather.ts': {
    'index … is outside an axis of …': 'a known index is not from -size to size - 1',
    'indices are …, data is …': 'the indices of a GatherElements have another rank than its data',
    'indices have no axis': 'the indices of a GatherND are a scalar',
    '… + … axes of indices do not fit data …':
      'batch_dims is negative, or a GatherND indexes more axes than its data has',
    'data is …, updates are …': 'data and updates are of two element types',
    '… do not fit data …':
      'a ScatterND indexes more axes than its data has, or its updates have not the sizes of what they replace',
    'indices … and updates …': 'the beginning of the line above: the shapes of both',
  },
  'graph/ops/grid-sample.ts': {
    'grid … does not fit x …':
      'the grid differs from x in rank or batch, or its last size is not one number a spatial axis',
    'rois … do not fit x …': 'x of a RoiAlign has not four axes, or its regions not two',
  },
  'graph/ops/matmul.ts': {
    '… and … do not multiply':
      'an operand has no axis (of Gemm: not two), or the inner sizes are known and differ',
    'c … does not stretch to …': 'broadcasting c would change the shape of the product',
  },
  'graph/ops/normalization.ts': {
    'x … has no spatial axis': 'x of an InstanceNormalization has fewer than three axes',
    '… is …, expected …': 'scale or bias of a LayerNormalization has not the sizes of x from the axis on',
  },
  'graph/ops/operands.ts': {
    'axis … is outside a rank of …': 'an axis is not from -rank to rank - 1',
    'axes […] name one twice': 'two entries of a list of axes are one axis, counted from either end',
    '… is …, expected int64': 'a list of sizes, places or axes is neither int64 nor int32',
    '… is …, expected a list': 'a list of sizes, places or axes has two axes or more',
    '… is …, x is …': 'scale, bias, mean or variance is no vector of as many elements as x has channels',
  },
  'graph/ops/pad.ts': {
    'pads holds … sizes, expected …': 'the pads are not two for each axis that is padded',
  },
  'graph/ops/pool.ts': {
    'a window of […] does not fit x …': 'kernel_shape has not one entry a spatial axis, or x has no channels',
    'x … has no spatial axis': 'x of a global pooling has fewer than three axes',
  },
  'graph/ops/quantize-linear.ts': {
    'scale is …, x … is quantised along axis …':
      'without blocks, scale has more than one element, and not one an element of the axis',
  },
  'graph/ops/recurrent.ts': {
    'w … and r … do not fit x …':
      'x, w or r of an LSTM, GRU or RNN has not three axes, or they differ in directions or inputs',
  },
  'graph/ops/reshape.ts': {
    'shape … is none for x …':
      'the target has two -1, a size below -1, a 0 beyond the axes of x, or -1 beside a 0 that is one',
    'x … does not fill …': 'both have known sizes, and another number of elements',
    'axes are missing': 'an Unsqueeze has neither the attribute nor the input',
    'axis … of … is not of size 1': 'an axis that a Squeeze is to remove has another known size',
  },
  'graph/ops/resize.ts': {
    '… scales for x …': 'an Upsample has not one scale an axis',
    '… has … entries, x is …': 'scales or sizes are not one for each axis that is resized',
    'scales […] must be above 0 and finite': 'a known scale is 0, negative, infinite or not a number',
  },
  'graph/ops/selection.ts': {
    'x is not a matrix': 'x of a Det has fewer than two axes',
  },
  'graph/ops/slice.ts': {
    '… and … steps': 'starts, ends, axes and steps of a Slice are not equally many',
    '… starts, … ends, … axes':
      'the counts of the lists of a Slice, the axes that hold without being given included',
    'a step of 0': 'a known step of a Slice is 0',
  },
  'graph/ops/split.ts': {
    '… sizes for … outputs': 'the sizes of a Split are not as many as its outputs',
    'sizes […] are not those of an axis of …':
      'a size of a Split is negative, or they do not sum up to the axis',
    'an axis of … is not split into … parts by … outputs':
      'a Split without sizes has another number of parts than outputs, or the axis leaves a rest that it may not',
  },
  'graph/ops/transpose.ts': {
    'perm […] does not order … axes': 'the attribute, or its default, is no permutation of the axes of x',
  },
  'graph/ops/window.ts': {
    'x has no spatial axis': 'x has fewer than three axes',
    'kernel, strides, dilations and pads do not fit … spatial axes':
      'one of the lists has not one entry a spatial axis, or pads not two',
    "auto_pad is '…', expected …": 'the attribute is not one of the four that ONNX has',
    '… […] must be … or more': 'an entry of the attribute is smaller than it may be',
    'x is too small: a window of … does not fit axis …':
      'a known size, with its padding, is smaller than the dilated kernel',
  },
};
