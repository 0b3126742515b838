import { at } from '../../graph/common/at.js';
import { type Attribute, float, int, ints, string } from '../../graph/ir/attribute.js';
import type { Graph, Model, Node, ValueInfo } from '../../graph/ir/model.js';
import {
  elementCount,
  float32Tensor,
  float32Values,
  int64Tensor,
  type Tensor,
} from '../../graph/ir/tensor.js';
import type { ForeignNetwork } from './foreign-networks.js';
import { handmade, node } from './graph.js';

/** How an exporter, or a tool behind one, writes a network. */
export interface Style {
  /** What linear interpolation is there; in the others, `half_pixel`. */
  readonly linear?: 'asymmetric';
  readonly write: (network: ForeignNetwork) => Model;
}

const SIDE = 32;
const CLASSES = 2;

/** Values of type float32. */
const info = (name: string, ...shape: (number | string)[]): ValueInfo => ({
  name,
  type: { dtype: 'float32', shape },
});

type Opsets = Readonly<Record<string, number>>;

function model(producer: string, irVersion: number, opsets: Opsets, graph: Partial<Graph>): Model {
  return { ...handmade(graph), producerName: producer, irVersion, opsets: new Map(Object.entries(opsets)) };
}

const channelsFirst = (input: string, output: string, batch: number | string = 1) => ({
  inputs: [info(input, batch, 3, SIDE, SIDE)],
  outputs: [info(output, batch, CLASSES, SIDE, SIDE)],
});

const channelsLast = (input: string, output: string, batch: string) => ({
  inputs: [info(input, batch, SIDE, SIDE, 3)],
  outputs: [info(output, batch, SIDE, SIDE, CLASSES)],
});

/** What names are there: of a value, by the node that gives it; of weights, by the first node that takes them. */
interface Naming {
  readonly ends: Readonly<Record<'x' | 'y', string>>;
  value(producer: Node, place: number): string;
  weight(consumer: Node, input: number, place: number): string;
  node?(node: Node, place: number): string;
}

function renamed({ nodes, weights }: ForeignNetwork, naming: Naming): ForeignNetwork {
  const names = new Map<string, string>([['', '']]);
  for (const [place, each] of nodes.entries()) {
    for (const [input, name] of each.inputs.entries()) {
      if (weights.has(name) && !names.has(name)) names.set(name, naming.weight(each, input, names.size));
    }
    for (const name of each.outputs) names.set(name, naming.value(each, place));
  }
  for (const [own, name] of Object.entries(naming.ends)) names.set(own, name);
  const named = (name: string) => names.get(name) ?? name;
  return {
    nodes: nodes.map((each, place) => ({
      ...each,
      name: naming.node?.(each, place) ?? '',
      inputs: each.inputs.map(named),
      outputs: each.outputs.map(named),
    })),
    weights: new Map([...weights].map(([name, tensor]) => [named(name), tensor])),
  };
}

/** Each BatchNormalization in the weights of the convolution before it. */
function folded({ nodes, weights }: ForeignNetwork): ForeignNetwork {
  const kept = new Map(weights);
  const valuesOf = (name: string | undefined) => {
    const tensor = kept.get(name ?? '');
    if (tensor === undefined) throw new TypeError(`no weights '${name}'`);
    return tensor;
  };
  const result = nodes.flatMap((each): readonly Node[] => {
    if (each.opType === 'BatchNormalization') return [];
    const norm = nodes.find(
      ({ opType, inputs }) => opType === 'BatchNormalization' && inputs[0] === each.outputs[0],
    );
    if (norm === undefined) return [each];
    const kernel = valuesOf(each.inputs[1]);
    const [scale, offset, mean, variance] = norm.inputs
      .slice(1)
      .map((name) => float32Values(valuesOf(name))) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const factors = Array.from(scale, (value, i) => value / Math.sqrt(at(variance, i) + 1e-5));
    const run = elementCount(kernel.dims.slice(1));
    const bias = factors.map((factor, i) => at(offset, i) - at(mean, i) * factor);
    const scaled = float32Values(kernel).map((value, i) => value * at(factors, Math.floor(i / run)));
    for (const name of [...norm.inputs.slice(1), each.inputs[1] ?? '']) kept.delete(name);
    const names = [`${each.outputs[0]}.weight`, `${each.outputs[0]}.bias`] as const;
    kept.set(names[0], float32Tensor(kernel.dims, scaled));
    kept.set(names[1], float32Tensor([bias.length], bias));
    return [{ ...each, inputs: [at(each.inputs, 0), ...names], outputs: norm.outputs }];
  });
  return { nodes: result, weights: kept };
}

const constant = (name: string, value: Tensor, named = ''): Node =>
  node('Constant', [], [name], { value: { type: 'tensor', value, whole: tensorAttribute(named, value) } });

/** An AttributeProto, so that its tensor has a name as well. */
function tensorAttribute(name: string, { dims, dtype, bytes }: Tensor): Uint8Array {
  const field = (id: number, value: Uint8Array | string) => {
    const data = Buffer.from(value);
    return Buffer.concat([Buffer.from([...varint((id << 3) | 2), ...varint(data.length)]), data]);
  };
  const sizes = dims.map((size) => Buffer.from([8, ...varint(size)]));
  const type = Buffer.from([16, dtype === 'float32' ? 1 : 7]);
  const tensor = Buffer.concat([...sizes, type, field(8, name), field(9, bytes())]);
  return Buffer.concat([field(1, 'value'), field(5, tensor), Buffer.from([0xa0, 1, 4])]);
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];

/** Each node in other words, with what it needs before it. */
function reworded(
  { nodes, weights }: ForeignNetwork,
  words: Readonly<Record<string, (each: Node, weights: Map<string, Tensor>) => readonly Node[]>>,
): ForeignNetwork {
  const kept = new Map(weights);
  const result = nodes.flatMap((each) => words[each.opType]?.(each, kept) ?? [each]);
  const used = new Set(result.flatMap(({ inputs }) => inputs));
  return { nodes: result, weights: new Map([...kept].filter(([name]) => used.has(name))) };
}

const limits = (place: (name: string, value: Tensor) => void, each: Node): Node => {
  const [low, high] = [`${each.outputs[0]}_min`, `${each.outputs[0]}_max`];
  place(low, float32Tensor([], [0]));
  place(high, float32Tensor([], [6]));
  return { ...each, inputs: [at(each.inputs, 0), low, high], attributes: new Map() };
};

const isLinear = ({ attributes }: Node): boolean => {
  const mode = attributes.get('mode');
  return mode?.type === 'string' && mode.value === 'linear';
};

/** As PyTorch places pixels from opset 11 on. */
const placed = (each: Node): Readonly<Record<string, Attribute>> => ({
  mode: string(isLinear(each) ? 'linear' : 'nearest'),
  coordinate_transformation_mode: string(isLinear(each) ? 'half_pixel' : 'asymmetric'),
  cubic_coeff_a: float(-0.75),
  nearest_mode: string('floor'),
});

const SCALES = float32Tensor([4], [1, 1, 2, 2]);
const NOTHING = float32Tensor([0], []);

/**
 * What torch.onnx of PyTorch 1.13 writes. pytorch/pytorch: symbolic_opset11.py (Clip by Constants) and _interpolate_helper of
 * symbolic_helper.py (Resize: an empty Constant as region below opset 13, none from there on), in torch/onnx/;
 * fuseConvBatchNorm of torch/csrc/jit/passes/onnx/eval_peephole.cpp (folded, as `onnx::Conv_N`);
 * deduplicate_initializers.cpp beside it (equal weights are held once, the others are an Identity of these).
 */
function torch(network: ForeignNetwork, opset: number, irVersion: number): Model {
  const worded = reworded(folded(network), {
    Clip: (each) => {
      const before: Node[] = [];
      const clip = limits((name, value) => before.push(constant(name, value)), each);
      return [...before, clip];
    },
    Upsample: (each) => {
      const [scales, region] = [`${each.outputs[0]}_scales`, opset < 13 ? `${each.outputs[0]}_region` : ''];
      const inputs = [at(each.inputs, 0), region, scales];
      return [
        constant(scales, SCALES),
        ...(region === '' ? [] : [constant(region, NOTHING)]),
        node('Resize', inputs, each.outputs, placed(each)),
      ];
    },
  });
  const { nodes, weights } = renamed(worded, {
    ends: { x: 'image', y: 'mask' },
    value: ({ opType }, place) => `/up/${opType}_${place}_output_0`,
    weight: ({ opType }, _, place) => `onnx::${opType}_${place}`,
    node: ({ opType }, place) => `/up/${opType}_${place}`,
  });
  const firsts = new Map<string, string>();
  const again: Node[] = [];
  for (const [name, tensor] of weights) {
    const content = `${tensor.dims}:${Buffer.from(tensor.bytes()).toString('base64')}`;
    const first = firsts.get(content);
    if (first === undefined) firsts.set(content, name);
    else again.push(node('Identity', [first], [name]));
  }
  const held = new Set(firsts.values());
  const initializers = new Map([...weights].filter(([name]) => held.has(name)));
  const graph = { nodes: [...again, ...nodes], initializers, ...channelsFirst('image', 'mask') };
  return model('pytorch', irVersion, { '': opset }, graph);
}

/**
 * PyTorch 2.6 and later by `dynamo=True`. pytorch/pytorch@002d619, torch/onnx/_internal/exporter/_core.py (values have the names of
 * the traced graph, weights those of the state dict); onnx/ir-py@c2a4325, src/onnx_ir/_name_authority.py (`val_N`, `node_TYPE_N`);
 * microsoft/onnxscript@a39c0a5, onnxscript/function_libs/torch_lib/ops/nn.py: _aten_upsample_scales (value_floats, no region) and
 * aten_hardtanh (Clip by numbers), rewriter/rules/common/_fuse_batchnorm.py.
 */
function dynamo(network: ForeignNetwork): Model {
  const worded = reworded(folded(network), {
    Clip: (each, weights) => [limits((name, value) => weights.set(name, value), each)],
    Upsample: (each) => {
      const scales = `${each.outputs[0]}_scales`;
      return [
        node('Constant', [], [scales], { value_floats: { type: 'floats', value: [1, 1, 2, 2] } }),
        node('Resize', [at(each.inputs, 0), '', scales], each.outputs, placed(each)),
      ];
    },
  });
  const { nodes, weights } = renamed(worded, {
    ends: { x: 'x', y: 'sigmoid' },
    value: ({ opType }, place) =>
      opType === 'Constant' ? `val_${place}` : `${opType.toLowerCase()}_${place}`,
    weight: ({ opType }, input, place) =>
      opType === 'Conv' ? `inc.${place}.conv.${input === 1 ? 'weight' : 'bias'}` : `val_1${place}`,
    node: ({ opType }, place) => `node_${opType}_${place}`,
  });
  return model('pytorch', 10, { '': 18 }, { nodes, initializers: weights, ...channelsFirst('x', 'sigmoid') });
}

/**
 * onnx/tensorflow-onnx@6537fce: make_name of tf2onnx/utils.py (`NAME__6`, `:0`); Resize.version_11 of onnx_opset/nn.py (an empty `roi`);
 * Relu6 of onnx_opset/math.py; _optimize_conv_batchnorm_fusion of optimizer/back_to_back_optimizer.py (`_weights_fused_bn`);
 * optimizer/transpose_optimizer.py, which leaves a Transpose at each end; constants.py (opset 13 -> IR version 7). Keras' PReLU
 * is arithmetic there, since TensorFlow has no such operator.
 */
function tf2onnx(network: ForeignNetwork): Model {
  const worded = reworded(folded(network), {
    Clip: (each, weights) => [limits((name, value) => weights.set(name, value), each)],
    PRelu: (each, weights) => {
      const [x = '', slope = ''] = each.inputs;
      const [y = ''] = each.outputs;
      const { dims, bytes } = weights.get(slope) as Tensor;
      const negated = float32Values({ dtype: 'float32', dims, bytes }).map((value) => -value);
      weights.set(`${y}_slope`, float32Tensor([1, ...dims], negated));
      return [
        node('Relu', [x], [`${y}_positive`]),
        node('Neg', [x], [`${y}_turned`]),
        node('Relu', [`${y}_turned`], [`${y}_negative`]),
        node('Mul', [`${y}_slope`, `${y}_negative`], [`${y}_scaled`]),
        node('Add', [`${y}_positive`, `${y}_scaled`], [y]),
      ];
    },
    Upsample: (each, weights) => {
      weights.set('roi', NOTHING);
      const mode = isLinear(each) ? 'half_pixel' : 'tf_half_pixel_for_nn';
      const attributes = { ...placed(each), coordinate_transformation_mode: string(mode) };
      return [node('Resize', [at(each.inputs, 0), 'roi', 'scales'], each.outputs, attributes)];
    },
  });
  const { nodes, weights } = renamed(betweenTransposes(worded), {
    ends: { x: 'input_1', y: 'conv2d_9' },
    value: ({ opType }, place) => `StatefulPartitionedCall/model/${opType}__${place}:0`,
    weight: ({ opType }, input, place) =>
      opType === 'Conv'
        ? `StatefulPartitionedCall/model/conv2d_${place}/Conv2D_${input === 1 ? 'weights' : 'bias'}_fused_bn`
        : `const_fold_opt__${place}`,
    node: ({ opType }, place) => `StatefulPartitionedCall/model/${opType}__${place}`,
  });
  const opsets = { '': 13, 'ai.onnx.ml': 2 };
  const graph = { nodes, initializers: weights, ...channelsLast('input_1', 'conv2d_9', 'unk__314') };
  return model('tf2onnx', 7, opsets, graph);
}

/** The network for images whose channels stand last. */
const betweenTransposes = ({ nodes, weights }: ForeignNetwork): ForeignNetwork => ({
  nodes: [
    node('Transpose', ['x'], ['first'], { perm: ints([0, 3, 1, 2]) }),
    ...nodes.map((each) => ({
      ...each,
      inputs: each.inputs.map((name) => (name === 'x' ? 'first' : name)),
      outputs: each.outputs.map((name) => (name === 'y' ? 'last' : name)),
    })),
    node('Transpose', ['last'], ['y'], { perm: ints([0, 2, 3, 1]) }),
  ],
  weights,
});

/**
 * onnx/keras-onnx@3b6da29, keras2onnx/: adv_activation.py (ReLU(max_value) is LeakyRelu and Min; a slope is [1, 1, C]), conv.py
 * (`adjusted_input`, `convolution_output`), pooling.py (auto_pad), upsample.py, all in ke2onnx/, topology.py (`N`). What it calls then,
 * microsoft/onnxconverter-common@28b00d4, onnxconverter_common/optimizer.py: ConvBatchNormSolution (`_W_new`, `_B_new`), and
 * _broadcast_flip_whitelist, without PRelu, around which each Transpose stays.
 */
function keras2onnx(network: ForeignNetwork): Model {
  const worded = reworded(folded(network), {
    Clip: (each, weights) => {
      const [y = ''] = each.outputs;
      weights.set(`${y}_min`, float32Tensor([], [6]));
      return [
        node('LeakyRelu', each.inputs, [`${y}_leaky`], { alpha: float(0) }),
        node('Min', [`${y}_leaky`, `${y}_min`], [y]),
      ];
    },
    PRelu: (each, weights) => {
      const [x = '', slope = ''] = each.inputs;
      const [y = ''] = each.outputs;
      const tensor = weights.get(slope) as Tensor;
      weights.set(`${y}_slope`, { ...tensor, dims: [1, 1, elementCount(tensor.dims)] });
      return [
        node('Transpose', [x], [`${y}_before`], { perm: ints([0, 2, 3, 1]) }),
        node('PRelu', [`${y}_before`, `${y}_slope`], [`${y}_after`]),
        node('Transpose', [`${y}_after`], [y], { perm: ints([0, 3, 1, 2]) }),
      ];
    },
    MaxPool: (each) => {
      const attributes = new Map([
        ...each.attributes,
        ['auto_pad', string('VALID')],
        ['ceil_mode', int(0)],
      ] as const);
      return [{ ...each, attributes }];
    },
    Upsample: (each, weights) => {
      weights.set('roi', float32Tensor([8], [0, 0, 0, 0, 1, 1, 1, 1]));
      const { mode, coordinate_transformation_mode } = placed(each);
      const attributes = { mode, coordinate_transformation_mode, nearest_mode: string('floor') };
      return [
        node(
          'Resize',
          [at(each.inputs, 0), 'roi', 'scales'],
          each.outputs,
          attributes as Record<string, Attribute>,
        ),
      ];
    },
  });
  const { nodes, weights } = renamed(betweenTransposes(worded), {
    ends: { x: 'input_1', y: 'activation_5' },
    value: ({ opType }, place) =>
      opType === 'Conv' ? `convolution_output${place}` : `adjusted_input${place}`,
    weight: ({ opType }, input, place) =>
      opType === 'Conv' ? `conv2d_${place}${input === 1 ? '_W_new' : '_B_new'}` : `slope${place}`,
    node: ({ opType }, place) => `${opType}${place}`,
  });
  const graph = { nodes, initializers: weights, ...channelsLast('input_1', 'activation_5', 'N') };
  return model('OnnxMLTools', 6, { '': 11 }, graph);
}

/**
 * PaddlePaddle/Paddle2ONNX@3bb6cb8, paddle2onnx/mapper/: MakeConstant of onnx_helper.cc (weights are Constant nodes without a name, whose tensors
 * have one), GenName of register_mapper.h (`p2o.` before each in the versions that wrote most files), nn/interpolate.cc (an empty region), nn/batch_norm.cc
 * (not folded), activation/activation.cc (a Reshape of each slope) and activation/relu6.cc; sizes are `p2o.DynamicDimension.N`.
 */
function paddle2onnx(network: ForeignNetwork): Model {
  const worded = reworded(network, {
    Clip: (each) => {
      const before: Node[] = [];
      const clip = limits((name, value) => before.push(constant(name, value)), each);
      return [...before, clip];
    },
    PRelu: (each, weights) => {
      const [x = '', slope = ''] = each.inputs;
      const [y = ''] = each.outputs;
      const tensor = weights.get(slope) as Tensor;
      weights.set(slope, { ...tensor, dims: [elementCount(tensor.dims)] });
      return [
        constant(`${y}_shape`, int64Tensor([3], [-1, 1, 1])),
        node('Reshape', [slope, `${y}_shape`], [`${y}_slope`]),
        node('PRelu', [x, `${y}_slope`], [y]),
      ];
    },
    Upsample: (each) => {
      const [scales, region] = [`${each.outputs[0]}_scales`, `${each.outputs[0]}_region`];
      const { cubic_coeff_a: _, ...attributes } = placed(each);
      return [
        constant(scales, SCALES),
        constant(region, NOTHING),
        node('Resize', [at(each.inputs, 0), region, scales], each.outputs, attributes),
      ];
    },
  });
  const { nodes, weights } = renamed(worded, {
    ends: { x: 'x', y: 'sigmoid_0.tmp_0' },
    value: ({ opType }, place) =>
      opType === 'Constant' ? `p2o.helper.constant.${place}` : `${opType.toLowerCase()}_${place}.tmp_0`,
    weight: ({ opType }, input, place) =>
      opType === 'BatchNormalization' ? `batch_norm_${place}.w_${input - 1}` : `conv2d_${place}.w_0`,
    node: ({ opType }, place) => (opType === 'Constant' ? '' : `p2o.${opType}.${place}`),
  });
  const constants = [...weights].map(([name, value]) => ({ ...constant(name, value, name), name: '' }));
  const dims = (first: number) => [0, 1, 2].map((each) => `p2o.DynamicDimension.${first + each}`);
  const [n = '', h = '', w = ''] = dims(0);
  const [outN = '', outH = '', outW = ''] = dims(3);
  return model(
    'PaddlePaddle',
    8,
    { '': 11 },
    {
      nodes: [...constants, ...nodes],
      inputs: [info('x', n, 3, h, w)],
      outputs: [info('sigmoid_0.tmp_0', outN, CLASSES, outH, outW)],
    },
  );
}

/**
 * daquexian/onnx-simplifier@f89308c, onnxsim/onnxsim.cpp (what constants give becomes an initializer), with onnx/optimizer@96ddf59, onnxoptimizer/passes/:
 * fuse_bn_into_conv.h, extract_constant_to_initializer.h (names are numbers). As behind PyTorch 1.6, weights are inputs too: so in
 * anilsathyan7/Portrait-Segmentation@dbf69b0, SINet/SINet.onnx.
 */
function onnxsim(network: ForeignNetwork): Model {
  const worded = reworded(folded(network), {
    Clip: (each, weights) => [limits((name, value) => weights.set(name, value), each)],
    Upsample: (each, weights) => {
      weights.set('roi', NOTHING);
      return [node('Resize', [at(each.inputs, 0), 'roi', 'scales'], each.outputs, placed(each))];
    },
  });
  const { nodes, weights } = renamed(worded, {
    ends: { x: 'data', y: 'classifier/1' },
    value: (_, place) => `${394 + place}`,
    weight: (_, __, place) => `${820 + place}`,
    node: ({ opType }, place) => `${opType}_${place}`,
  });
  return model(
    'pytorch',
    6,
    { '': 12 },
    { nodes, initializers: weights, ...channelsFirst('data', 'classifier/1') },
  );
}

/**
 * inisis/OnnxSlim@813a353, onnxslim/core/pattern/fusion/convbn.py (`OUTPUT_weight`, `OUTPUT_bias`; a convolution is called by its output),
 * core/__init__.py (fold_constants: sizes that follow from known ones are constants, in place of scales).
 */
function onnxslim(network: ForeignNetwork): Model {
  let side = SIDE / 4;
  const worded = reworded(folded(network), {
    Clip: (each, weights) => [limits((name, value) => weights.set(name, value), each)],
    Upsample: (each, weights) => {
      side *= 2;
      weights.set(`sizes${side}`, int64Tensor([4], [1, 16, side, side]));
      return [node('Resize', [at(each.inputs, 0), '', '', `sizes${side}`], each.outputs, placed(each))];
    },
  });
  const { nodes, weights } = renamed(worded, {
    ends: { x: 'images', y: 'output0' },
    value: ({ opType }, place) => `/model.${place}/${opType}_output_0`,
    weight: ({ opType, outputs }, input, place) =>
      opType === 'Conv'
        ? `/model.${outputs[0]}/Conv_output_0${input === 1 ? '_weight' : '_bias'}`
        : `/Constant_${place}`,
    node: ({ opType }, place) => `/model.${place}/${opType}_output_0`,
  });
  return model(
    'pytorch',
    8,
    { '': 17 },
    { nodes, initializers: weights, ...channelsFirst('images', 'output0') },
  );
}

/**
 * PyTorch 1.0 to 1.2: weights are inputs (IR version 3), `Upsample`, nothing is folded. pytorch/pytorch@00051b8, torch/onnx/symbolic_opset9.py;
 * _decide_keep_init_as_input of torch/onnx/utils.py says which versions do so.
 */
function torch9(network: ForeignNetwork): Model {
  const { nodes, weights } = renamed(network, {
    ends: { x: 'input.1', y: '70' },
    value: (_, place) => `${40 + place}`,
    weight: ({ opType }, input, place) => `layer.${place}.${opType}.${input}`,
  });
  const ports = channelsFirst('input.1', '70');
  const inputs = [...ports.inputs, ...[...weights].map(([name, { dims }]) => info(name, ...dims))];
  return model('pytorch', 3, { '': 9 }, { nodes, initializers: weights, ...ports, inputs });
}

/** By what they are called, with the opset where there are several. */
export const STYLES: Readonly<Record<string, Style>> = {
  'PyTorch, opset 9': { write: torch9, linear: 'asymmetric' },
  'PyTorch, opset 11': { write: (network) => torch(network, 11, 6) },
  'PyTorch, opset 13': { write: (network) => torch(network, 13, 7) },
  'PyTorch, opset 17': { write: (network) => torch(network, 17, 8) },
  'PyTorch, opset 18 (dynamo)': { write: dynamo },
  paddle2onnx: { write: paddle2onnx },
  tf2onnx: { write: tf2onnx },
  keras2onnx: { write: keras2onnx },
  onnxsim: { write: onnxsim },
  onnxslim: { write: onnxslim },
};
