import proto from 'onnx-proto';
import { check } from '../../../graph/analysis/check.js';
import { cost } from '../../../graph/analysis/cost.js';
import { readOutline } from '../../../graph/file/outline.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import { float, int, ints, string } from '../../../graph/ir/attribute.js';
import { float32Tensor, int64Tensor } from '../../../graph/ir/tensor.js';
import { naming } from '../../../runtime/common/naming.js';
import { handmade, node, zeros } from '../../support/graph.js';
import { foreign } from '../../support/onnx-files.js';
import type { FuzzedReader } from '../fuzz.js';
import { mutateModel } from '../mutators/protobuf.js';
import type { Random } from '../random.js';

const list = (...values: number[]) => int64Tensor([values.length], values);

/** One node of each operator that is looked into, on sizes that may stay open. */
function everyOperator(height: number | string): Uint8Array {
  const pads = { pads: ints([1, 1, 1, 1]) };
  const nodes = [
    node('Conv', ['x', 'w'], ['a'], { ...pads, strides: ints([2, 2]), group: int(1) }),
    node('BatchNormalization', ['a', 'v', 'v', 'v', 'v'], ['b'], { epsilon: float(1e-5) }),
    node('MaxPool', ['b'], ['c'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]), ceil_mode: int(1) }),
    node('ConvTranspose', ['c', 'w'], ['d'], { ...pads, output_padding: ints([0, 0]) }),
    node('Resize', ['d', '', 'scales'], ['e'], { mode: string('linear') }),
    node('Shape', ['b'], ['shape'], { start: int(2) }),
    node('Gather', ['shape', 'zero'], ['h'], { axis: int(0) }),
    node('Unsqueeze', ['h', 'zeros'], ['hs']),
    node('Concat', ['hs', 'hs'], ['hw'], { axis: int(0) }),
    node('Mul', ['hw', 'two'], ['hw2']),
    node('Slice', ['e', 'zeros', 'two', 'one'], ['f']),
    node('Transpose', ['f'], ['g'], { perm: ints([0, 2, 3, 1]) }),
    node('Softmax', ['g'], ['i'], { axis: int(-1) }),
    node('ReduceMean', ['i'], ['j'], { axes: ints([1, 2]), keepdims: int(0) }),
    node('Reshape', ['j', 'flat'], ['k'], { allowzero: int(0) }),
    node('Squeeze', ['j', 'zeros'], ['l']),
    node('Split', ['l'], ['m', 'n'], { axis: int(0) }),
    node('Pad', ['k', 'pads'], ['o'], { mode: string('constant') }),
    node('Constant', [], ['p'], { value: { type: 'tensor', value: float32Tensor([], [2]) } }),
    node('Mul', ['o', 'p'], ['q']),
    node('Cast', ['hw2'], ['r'], { to: int(1) }),
    node('ConstantOfShape', ['two'], ['s']),
    node('Flatten', ['b'], ['t'], { axis: int(1) }),
    node('DepthToSpace', ['b'], ['u'], { blocksize: int(2), mode: string('CRD') }),
    node('If', ['x'], ['y'], { then_branch: { type: 'subgraph', bytes: Buffer.of(160, 1, 5, 50, 0) } }),
  ];
  return encodeModel(
    handmade({
      nodes,
      inputs: [{ name: 'x', type: { dtype: 'float32', shape: ['N', 4, height, 16] } }],
      outputs: [...'kmnqrstuy'].map((name) => ({ name })),
      valueInfo: [{ name: 'b', type: { dtype: 'float32', shape: ['N', 4, 'H', 'W'] } }],
      initializers: new Map([
        ['w', zeros([4, 4, 3, 3])],
        ['v', zeros([4])],
        ['scales', float32Tensor([4], [1, 1, 2, 2])],
        ['zero', int64Tensor([], [0])],
        ['zeros', list(0)],
        ['one', list(1)],
        ['two', list(2)],
        ['flat', list(2, -1)],
        ['pads', list(0, 1, 0, 1)],
      ]),
    }),
  );
}

const { ModelProto } = proto.onnx;
const SEEDS = [
  everyOperator(16),
  everyOperator('H'),
  ModelProto.encode(ModelProto.create(foreign())).finish(),
];

const make = (random: Random) => mutateModel(random.pick(SEEDS), random);
const first = /not an ONNX/;

export const onnx: FuzzedReader = {
  name: 'onnx',
  codes: ['BAD_MODEL'],
  first,
  make,
  read(input) {
    const model = parseModel(input, 'fuzzed.onnx');
    naming('fuzzed.onnx', () => check(model));
    cost(model);
    return encodeModel(model);
  },
};

export const outline: FuzzedReader = {
  name: 'onnx outline',
  codes: ['BAD_MODEL'],
  first,
  make,
  read: (input) => readOutline(input, 'fuzzed.onnx'),
};
