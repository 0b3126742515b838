import { badUsage } from '../common/errors.js';
import { checkOptions, FUNCTION, type Kinds, listOf, NUMBER, OBJECT, TEXT } from '../common/option-kinds.js';
import { VERSION } from '../common/version.js';
import { gradients } from '../gradients/gradients.js';
import { topological } from '../gradients/topological.js';
import type { Model } from '../ir/model.js';
import type { Tensor } from '../ir/tensor.js';
import { input, type Value } from '../ir/value.js';
import { identity, sigmoid, softmax } from '../ops/unary.js';
import { resizeProducts } from '../passes/resizes.js';
import { thinConvolutionsOfValues } from '../passes/thin-convolutions.js';
import { assemble } from '../rewriting/assemble.js';
import { rewrite } from '../rewriting/rewrite.js';
import { type AdamWOptions, adamW } from './adamw.js';
import type { Loss, TrainingHead } from './losses.js';
import type { Packing } from './packing.js';
import { planOf } from './plan.js';
import { trainingForm } from './training-form.js';

export interface TrainingOptions {
  /** The inputs of the network, sizes known. */
  readonly inputs: readonly Value[];
  /** What it computes of them, as at inference: [N, classes, ...space], before sigmoid or softmax. Its weights are named constants. */
  readonly logits: Value;
  readonly head: TrainingHead;
  readonly loss: Loss;
  readonly optimizer: AdamWOptions;
  /** Which weights are trained, by their names; default all. The BatchNorms of the others keep their running statistics. */
  readonly isTrained?: (name: string) => boolean;
  /**
   * What BatchNorms of trained weights normalise by: the statistics of the batch (default), towards which the running ones move, or the
   * running ones as they are, which is how the network will be used.
   */
  readonly statistics?: 'batch' | 'running';
  /** How much of the batch's statistics a running one takes at each step; default 0.1, as in torch.nn.BatchNorm2d. */
  readonly momentum?: number;
}

const KINDS: Kinds<TrainingOptions> = {
  inputs: listOf('values', OBJECT[1]),
  ...{ logits: OBJECT, head: TEXT, loss: FUNCTION, optimizer: OBJECT },
  ...{ isTrained: FUNCTION, statistics: TEXT, momentum: NUMBER },
};

/** Float32 numbers in row-major order. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/**
 * What goes into a step by these names, and comes out as `next_parameters` and so on: `parameters`, `first_moment`, `second_moment` and, where
 * there are BatchNorms, `running_statistics`, each a vector of all of them; `step`, [1], counts.
 */
export type TrainingState = Readonly<Record<string, Numbers>>;

/** What a step gave, as `session.run` returns it. */
export type StepOutputs = Readonly<
  Record<string, { readonly dims: readonly number[]; readonly data: ArrayLike<unknown> }>
>;

/** One step of a training as a model. */
export interface TrainingStep {
  /**
   * Inputs: those of the network, `targets` of the shape of the logits, and the state. Outputs: `loss`, `gradient_norm` (before it is
   * clipped), `logits`, and the next state.
   */
  readonly model: Model;
  /** Names of the weights that are trained, in the order of the state. */
  readonly trained: readonly string[];
  /** Names of biases that are not, because a normalisation takes away whatever they add. */
  readonly absorbed: readonly string[];
  /** The state before the first step. */
  initialState(): TrainingState;
  /** The state behind a step. */
  nextState(outputs: StepOutputs): TrainingState;
  /**
   * The network at inference, by the running statistics of a state. Inputs: those of the network, and of the state `parameters` and, where there
   * are BatchNorms, `running_statistics`. Output: `probabilities`, of the shape of the logits.
   */
  inference(): Model;
  /** All weights and running statistics of the network in a state, by their names. */
  weights(state: TrainingState): ReadonlyMap<string, Tensor>;
}

/** torch.nn.BatchNorm2d's. */
export const DEFAULT_MOMENTUM = 0.1;

/**
 * Forward, loss, gradients and optimiser in one graph of ONNX's own operators: a training needs one run of it a step, on any provider of
 * any onnxruntime.
 * @throws NmodeError (BAD_USAGE) for options that make no sense and for what has no gradient
 */
export function trainingStep(options: TrainingOptions): TrainingStep {
  checkOptions(options, KINDS, ['inputs', 'logits', 'head', 'loss', 'optimizer']);
  const { inputs, logits, head, loss, optimizer, isTrained = () => true } = options;
  const { momentum = DEFAULT_MOMENTUM, statistics: normalized = 'batch' } = options;
  if (!(momentum >= 0 && momentum <= 1))
    throw badUsage(`momentum ${momentum}, expected a number from 0 to 1`);
  oneOf('head', head, HEADS);
  oneOf('statistics', normalized, STATISTICS);
  checkInputs(inputs, logits);
  const plan = planOf(logits, isTrained, normalized);
  const { parameters, running } = plan;
  const vectors = stateVectors(parameters, running);
  const state = new Map(
    Array.from(vectors, ([name, { length }]) => [name, input(name, 'float32', [length])]),
  );
  const current = new Map([
    ...parameters.split(required(state, 'parameters')),
    ...(running.length === 0 ? [] : running.split(required(state, RUNNING))),
  ]);
  const form = trainingForm(logits, { ...plan, weight: (name) => current.get(name), momentum });
  const targets = input('targets', 'float32', logits.shape);
  const cost = loss({ logits: form.output, head, targets });
  const trained = parameters.names.map((name) => required(current, name));
  const next = adamW(
    {
      parameters: required(state, 'parameters'),
      firstMoment: required(state, 'first_moment'),
      secondMoment: required(state, 'second_moment'),
      step: required(state, 'step'),
    },
    parameters.join(gradients(cost, trained)),
    optimizer,
  );
  const statistics = running.names.map((name) => form.running.get(name) ?? identity(required(current, name)));
  const model = inFastForm({
    name: 'training-step',
    inputs: [...inputs, targets, ...state.values()],
    outputs: {
      loss: cost,
      gradient_norm: next.norm,
      logits: form.output,
      next_parameters: next.state.parameters,
      next_first_moment: next.state.firstMoment,
      next_second_moment: next.state.secondMoment,
      next_step: next.state.step,
      ...(running.length > 0 && { [`next_${RUNNING}`]: running.join(statistics) }),
    },
  });
  return {
    model,
    trained: parameters.names,
    absorbed: plan.absorbed,
    initialState: () =>
      Object.fromEntries(
        Array.from(vectors, ([name, vector]) => [name, { dims: [vector.length], data: vector.values() }]),
      ),
    nextState: (outputs) =>
      Object.fromEntries([...state.keys()].map((name) => [name, outputOf(outputs, `next_${name}`)])),
    inference: () => {
      const weight = (name: string) => current.get(name);
      const { output } = trainingForm(logits, { weight, isOnBatch: () => false, momentum: 0 });
      const read = ['parameters', ...(running.length > 0 ? [RUNNING] : [])];
      return inFastForm({
        name: 'inference',
        inputs: [...inputs, ...read.map((name) => required(state, name))],
        outputs: { probabilities: head === 'sigmoid' ? sigmoid(output) : softmax(output, 1) },
      });
    },
    weights: (given) =>
      new Map([
        ...plan.weights,
        ...parameters.unpack(outputOf(given, 'parameters').data),
        ...(running.length === 0 ? [] : running.unpack(outputOf(given, RUNNING).data)),
      ]),
  };
}

/** Assembled, with what computes the same in less time. */
const inFastForm = (parts: Omit<Parameters<typeof assemble>[0], 'producerVersion'>): Model =>
  rewrite(
    assemble({ ...parts, producerVersion: VERSION }),
    (node, graph) => thinConvolutionsOfValues(node, graph) ?? resizeProducts(node, graph),
  ).model;

/** The names that a step has beside those of its network. */
const HEADS: readonly TrainingHead[] = ['sigmoid', 'softmax'];
const STATISTICS = ['batch', 'running'] as const;

/** Programs in JavaScript have no types that would refuse a slip, and another loss would be trained without a word. */
function oneOf(what: string, given: string, choices: readonly string[]): void {
  if (!choices.includes(given)) throw badUsage(`${what} '${given}', expected ${choices.join(' or ')}`);
}

/** The name of the state's means and variances. */
export const RUNNING = 'running_statistics';

const OWN_NAMES = ['targets', 'parameters', 'first_moment', 'second_moment', RUNNING, 'step'];

/** @throws NmodeError (BAD_USAGE) where the inputs are not those of the network, or have a name that the step needs */
function checkInputs(inputs: readonly Value[], logits: Value): void {
  const names = inputs.map(({ source }) => (source.kind === 'input' ? source.name : ''));
  const taken = names.find((name) => OWN_NAMES.includes(name));
  if (taken !== undefined) {
    throw badUsage(`an input of the network is called '${taken}', as one of the step: give it another name`);
  }
  for (const { source } of topological([logits])) {
    if (source.kind === 'input' && !names.includes(source.name)) {
      throw badUsage(`the logits are computed from '${source.name}', which is not among the inputs: add it`);
    }
  }
}

function required<T>(entries: ReadonlyMap<string, T>, name: string): T {
  const entry = entries.get(name);
  if (entry === undefined) throw new TypeError(`no ${name}`);
  return entry;
}

function outputOf(given: StepOutputs, name: string): Numbers {
  const { dims, data } = (Object.hasOwn(given, name) && given[name]) || {};
  if (dims !== undefined && data instanceof Float32Array) return { dims, data };
  throw badUsage(
    `there are no float32 numbers '${name}' among ${Object.keys(given).join(', ') || 'nothing'}: give all that a step returned`,
  );
}

const zeros = (length: number) => ({ length, values: () => new Float32Array(length) });

/** The vectors of a state by their names, with what they begin with. */
const stateVectors = (parameters: Packing, running: Packing) =>
  new Map<string, Pick<Packing, 'length' | 'values'>>([
    ['parameters', parameters],
    ['first_moment', zeros(parameters.length)],
    ['second_moment', zeros(parameters.length)],
    ...(running.length > 0 ? [[RUNNING, running] as const] : []),
    ['step', zeros(1)],
  ]);
