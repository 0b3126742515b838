import { at } from '../common/at.js';
import type { Model, Node } from '../ir/model.js';
import { float32Values, type Tensor } from '../ir/tensor.js';
import type { Rewriting } from '../rewriting/rewrite.js';

/** Operators that sum up features with weights: what is behind the last of them makes logits into results. */
const CONTRACTIONS = new Set([
  ...['Conv', 'ConvTranspose', 'DeformConv', 'FusedConv', 'MatMul', 'Gemm', 'Einsum', 'Attention'],
  ...['LSTM', 'GRU', 'RNN'],
]);

/** What hidden features pass; a head may end in one too, but then its convolution stands directly before. */
const HIDDEN = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'ThresholdedRelu', 'Elu', 'Celu', 'Selu', 'Gelu', 'HardSwish', 'Mish'],
  'Softplus',
]);

/** These read sizes, and no element. */
const SIZES = new Set(['Shape', 'Size']);

/**
 * The values from which the outputs of a model are computed without another convolution or hidden activation between, the
 * outputs themselves among them: logits, and what is made of them. Outputs are followed back through whatever moves, resizes, joins,
 * scales or squashes values; an activation inside of the network (a SiLU, an attention gate) is never met on that way.
 */
export function headValues({ graph: { outputs } }: Model, graph: Rewriting): ReadonlySet<string> {
  const found = new Set(outputs.map(({ name }) => name));
  // A set is walked to its end, what is added meanwhile included.
  for (const name of found) {
    const producer = graph.producer(name);
    if (producer === undefined || SIZES.has(producer.opType)) continue;
    if (isContraction(producer) && !isAverage(producer, graph)) continue;
    for (const input of producer.inputs) {
      const before = graph.producer(input);
      if (before === undefined || (HIDDEN.has(producer.opType) && !isContraction(before))) continue;
      found.add(input);
    }
  }
  return found;
}

const isContraction = ({ opType }: Node) => CONTRACTIONS.has(opType);

/** Whether a product takes weighted means, as those do by which a Resize is computed: no weights of a network. */
function isAverage({ opType, inputs: [left, right] }: Node, graph: Rewriting): boolean {
  if (opType !== 'MatMul') return false;
  const [before, behind] = [graph.constant(left), graph.constant(right)];
  return before ? hasMeans(before, 'rows') : behind !== undefined && hasMeans(behind, 'columns');
}

/** Whether the rows or columns of a matrix are the shares of a whole. */
function hasMeans(matrix: Tensor, of: 'rows' | 'columns'): boolean {
  const [rows, columns, ...more] = matrix.dims;
  if (matrix.dtype !== 'float32' || rows === undefined || columns === undefined || more.length > 0)
    return false;
  const sums = new Float64Array(of === 'rows' ? rows : columns);
  for (const [index, share] of float32Values(matrix).entries()) {
    const place = of === 'rows' ? Math.floor(index / columns) : index % columns;
    sums[place] = at(sums, place) + (share >= 0 ? share : Number.NaN);
  }
  return sums.every((sum) => Math.abs(sum - 1) < ROUNDING);
}

const ROUNDING = 1e-4;
