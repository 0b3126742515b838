/**
 * What the values of a model's output are, by the operators that compute them: probabilities of classes that are each
 * there or not, or that exclude each other; logits; or what structure alone does not tell.
 */
export type OutputActivation = 'sigmoid' | 'softmax' | 'logits' | 'unknown';

/** As much of a node as its place in a graph takes. */
export interface Link {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** What leaves values what they are: they are moved, cast or interpolated. */
const MOVES: ReadonlySet<string> = new Set([
  ...['Identity', 'Dropout', 'Cast', 'QuantizeLinear', 'DequantizeLinear'],
  ...['Resize', 'Upsample', 'Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'],
]);

/** What computes sums of products, which have no bounds. LogSoftmax gives logits too: softmax of it is that of its input. */
const PRODUCTS: ReadonlySet<string> = new Set([
  ...['Conv', 'ConvTranspose', 'QLinearConv', 'ConvInteger'],
  ...['Gemm', 'MatMul', 'QLinearMatMul', 'MatMulInteger'],
  ...['BatchNormalization', 'InstanceNormalization', 'LogSoftmax'],
]);

/** What joins values that may each be logits. */
const JOINS: ReadonlySet<string> = new Set(['Add', 'Sub', 'Sum', 'Mul', 'Div', 'Concat']);

const ACTIVATIONS: Readonly<Record<string, OutputActivation>> = {
  Sigmoid: 'sigmoid',
  HardSigmoid: 'sigmoid',
  QLinearSigmoid: 'sigmoid',
  Softmax: 'softmax',
  QLinearSoftmax: 'softmax',
};

/** A hostile graph joins without end. */
const MAX_STEPS = 1000;

/**
 * Follows an output back to what makes it what it is.
 * @param links the nodes of the graph
 */
export function outputActivation(links: Iterable<Link>, output: string | undefined): OutputActivation {
  const producers = new Map<string, Link>();
  for (const link of links) for (const name of link.outputs) producers.set(name, link);
  const producerOf = (name: string | undefined) => (name === undefined ? undefined : producers.get(name));
  let steps = 0;
  const activationOf = (name: string | undefined): OutputActivation | undefined => {
    let link = producerOf(name);
    while (link !== undefined && MOVES.has(link.opType) && ++steps < MAX_STEPS)
      link = producerOf(link.inputs[0]);
    // An initializer or an input of the model joins what is computed.
    if (link === undefined) return undefined;
    if (isDividedExponential(link, producerOf)) return 'softmax';
    if (PRODUCTS.has(link.opType)) return 'logits';
    if (!JOINS.has(link.opType) || ++steps >= MAX_STEPS) return ACTIVATIONS[link.opType] ?? 'unknown';
    const joined = new Set(link.inputs.map(activationOf).filter((found) => found !== undefined));
    return joined.size === 1 && joined.has('logits') ? 'logits' : 'unknown';
  };
  return activationOf(output) ?? 'unknown';
}

/** e^x divided by its sum, as exporters without a Softmax of this axis write it. */
function isDividedExponential(
  { opType, inputs: [share, sum] }: Link,
  producerOf: (name: string | undefined) => Link | undefined,
): boolean {
  const total = producerOf(sum);
  return (
    opType === 'Div' &&
    producerOf(share)?.opType === 'Exp' &&
    total?.opType === 'ReduceSum' &&
    total.inputs[0] === share
  );
}
