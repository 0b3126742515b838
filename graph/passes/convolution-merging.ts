import { at } from '../common/at.js';
import type { Node } from '../ir/model.js';
import { apply } from '../ir/op.js';
import { computed, float32Values } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { Conv } from '../ops/conv.js';
import { sliceAxis } from '../ops/slice.js';
import type { Rewriting, Rule } from '../rewriting/rewrite.js';
import { type ConvActivation, convActivation, withActivation } from './conv-activation.js';
import { operandsOf } from './scale-convolution.js';

/** Channels that runtimes compute together: fewer cost as much. */
const BLOCK = 16;

/**
 * Convolutions of the same value that are alike but for their weights, with few channels each, become one: Heun's method convolves a
 * feature twice. Each is then a slice of the channels.
 */
export function convolutionMerging(): Rule {
  /** What the merged ones give, by the outputs of what they replace. */
  const merged = new Map<string, Value>();
  return (node, graph) => {
    const output = at(node.outputs, 0);
    const known = merged.get(output);
    if (known !== undefined) return known;
    const end = convActivation(node, graph);
    // Slice takes its places as attributes before.
    if (end === undefined || graph.opset < 10) return;
    const ends = [{ output, end }];
    let channels = channelsOf(end.convolution, graph);
    for (const { output: other, end: sibling } of siblings(end, graph)) {
      const more = channelsOf(sibling.convolution, graph);
      const saves = blocks(channels + more) < blocks(channels) + blocks(more);
      if (other === output || merged.has(other) || !saves) continue;
      ends.push({ output: other, end: sibling });
      channels += more;
    }
    if (ends.length === 1) return;
    const convolutions = ends.map((each) => each.end.convolution);
    const whole = withActivation(end.activation, convolutionOf(convolutions, graph), graph);
    let from = 0;
    for (const each of ends) {
      const to = from + channelsOf(each.end.convolution, graph);
      merged.set(each.output, sliceAxis(whole, 1, from, to));
      from = to;
    }
    return merged.get(output);
  };
}

/** No network convolves one value nearly as often; in a crafted graph thousands may, each of which would look at all. */
const MAX_READERS = 128;

const blocks = (channels: number) => Math.ceil(channels / BLOCK);

const channelsOf = (node: Node, graph: Rewriting): number => at(operandsOf(node, graph).weight.dims, 0);

/** Ends of convolutions of the same value with the same window, and a ReLU where this one has it. */
function siblings({ convolution, activation }: ConvActivation, graph: Rewriting) {
  const [input] = convolution.inputs;
  if (graph.consumerCount(input) > MAX_READERS) return [];
  const window = windowKey(convolution, graph);
  return graph.consumers(input).flatMap((reader) => {
    if (reader.opType !== 'Conv') return [];
    const [made] = reader.outputs;
    const last = activation ? graph.consumers(made)[0] : reader;
    if (last === undefined) return [];
    const end = convActivation(last, graph);
    const isAlike =
      end?.convolution === reader && !end.activation === !activation && windowKey(reader, graph) === window;
    return isAlike ? [{ output: at(last.outputs, 0), end }] : [];
  });
}

function windowKey(node: Node, graph: Rewriting): string {
  const [, ...rest] = graph.constant(node.inputs[1])?.dims ?? [];
  const stated = ['strides', 'pads'].map((name) => node.attributes.get(name));
  return JSON.stringify([rest, stated]);
}

/** One convolution with the channels of all, one after the other. */
function convolutionOf(nodes: readonly Node[], graph: Rewriting): Value {
  const parts = nodes.map((node) => operandsOf(node, graph));
  const { x, weightName, biasName, weight: first } = at(parts, 0);
  const { name, attributes } = at(nodes, 0);
  const channels = parts.reduce((sum, { weight }) => sum + at(weight.dims, 0), 0);
  /** What `valuesOf` gives of each part, one after the other. */
  const joined = (dims: readonly number[], valuesOf: (part: (typeof parts)[number]) => Float32Array) =>
    computed(dims, (whole) => {
      let place = 0;
      for (const part of parts) {
        const values = valuesOf(part);
        whole.set(values, place);
        place += values.length;
      }
    });
  const whole = joined([channels, ...first.dims.slice(1)], ({ weight }) => float32Values(weight));
  const biases = joined([channels], ({ weight, bias }) =>
    bias ? float32Values(bias) : new Float32Array(at(weight.dims, 0)),
  );
  const operands = [x, graph.weight(weightName, whole), graph.weight(biasName || `${name}.bias`, biases)];
  return apply(Conv, operands, Object.fromEntries(attributes));
}
