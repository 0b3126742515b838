import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import type { ExportPlan } from '../../exporters/assembly/export-plan.js';
import { applyHead, HEADS, type Head } from '../../exporters/assembly/head.js';
import { encoderWord } from '../../exporters/backbones/plain/choices.js';
import {
  type Hypotheses,
  type Hypothesis,
  MAX_HYPOTHESES,
  neighboursOf,
} from '../../exporters/backbones/plain/hypotheses.js';
import { decode, encode } from '../../exporters/backbones/plain/network.js';
import type { Wiring } from '../../exporters/backbones/plain/wiring.js';
import type { Checkpoint } from '../../exporters/checkpoints/open.js';
import { UnreadableTensor } from '../../exporters/checkpoints/unreadable.js';
import { SettingsInUse } from '../../exporters/nn/settings.js';
import { Weights } from '../../exporters/nn/weights.js';
import { assumptionsText } from '../../graph/common/assumption.js';
import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import { VERSION } from '../../graph/common/version.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { float32Values, type Tensor } from '../../graph/ir/tensor.js';
import { input as graphInput, type Value } from '../../graph/ir/value.js';
import { assemble } from '../../graph/rewriting/assemble.js';
import { usableCores } from '../../runtime/node/sessions/limits.js';
import { openNative } from '../../runtime/node/sessions/native.js';
import { parseProvider } from '../../runtime/node/sessions/providers.js';
import { ofType } from '../../runtime/sessions/of-type.js';
import type { FloatOutputs, Floats } from '../../runtime/sessions/tensors.js';
import { compareOutputs } from '../parity/parity.js';
import { parityRule, type ReferenceTolerance } from '../parity/tolerance.js';

/** Inputs and outputs of a network, by name. */
export interface Reference {
  /** What messages call it. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** What a reference has proven. */
export interface Proven {
  readonly hypothesis: Hypothesis;
  /** What the reference was made with: none where it holds logits. */
  readonly head: Head;
  /** Ids of others that give the same. */
  readonly alike: readonly string[];
  readonly size: { readonly batch: number; readonly height: number; readonly width: number };
}

/** A hypothesis that was run, with the head that comes closest. */
interface Trial {
  readonly hypothesis: Hypothesis;
  readonly head: Head;
  readonly pass: boolean;
  readonly maxAbs: number;
  /** Of the outputs and the reference's. */
  readonly correlation: number;
}

/** Hypotheses a graph: one shares its weights among all, and the first is often right. */
const FIRST_BATCH = 4;
const BATCH = 8;

/** What differs by more than this share of the largest element passes by no tolerance that makes sense. */
const FAR = 0.1;

/** From so many of the closest, others that differ from them are tried. */
const CLOSEST = 2;

/** How many that differ from the proven one in one thing are tried, too. */
const MAX_ALIKE = 24;

/**
 * Runs hypotheses on a reference's input, the most usual first and then those that differ least from what came closest, until one
 * gives its output; then those that differ from it in one thing.
 * @throws NmodeError (BAD_REFERENCE, CANNOT_RUN); CHECK_FAILED where none does
 */
export async function searchStructure(
  checkpoint: Checkpoint,
  plan: ExportPlan,
  { all, wirings }: Pick<Hypotheses, 'all' | 'wirings'>,
  reference: Reference,
  tolerance: ReferenceTolerance,
): Promise<Proven> {
  const { input, output } = pairOf(reference);
  const usual = fittingTo(input, output, all, reference);
  const bench = new Bench(checkpoint, plan, input, output, tolerance);
  const tried = new Map<string, Trial>();
  const near = ({ hypothesis }: Trial) =>
    neighboursOf(hypothesis, wirings).filter(
      (other) => !tried.has(other.id) && takesPair(other, input, output),
    );
  for (let round = 0; tried.size < MAX_HYPOTHESES; round++) {
    const untried = usual.filter(({ id }) => !tried.has(id));
    const batch =
      round % 2 === 0 ? untried.slice(0, round === 0 ? FIRST_BATCH : BATCH) : nearest(tried, near);
    if (batch.length === 0 && untried.length === 0) break;
    const trials = await bench.run(batch.slice(0, MAX_HYPOTHESES - tried.size));
    for (const trial of trials) tried.set(trial.hypothesis.id, trial);
    const proven = trials.find(({ pass }) => pass);
    if (proven !== undefined) {
      const others = near(proven).slice(0, MAX_ALIKE);
      const trials = [...tried.values(), ...(others.length === 0 ? [] : await bench.run(others))];
      const alike = trials.filter(({ pass, hypothesis }) => pass && hypothesis !== proven.hypothesis);
      return { ...proven, alike: alike.map(({ hypothesis }) => hypothesis.id), size: sizeOf(input) };
    }
  }
  const closest = [...tried.values()].reduce((a, b) => (b.maxAbs < a.maxAbs ? b : a));
  throw new NmodeError(
    'CHECK_FAILED',
    `${checkpoint.file}: none of ${tried.size} plain U-Nets that its shapes allow gives the outputs of ${reference.name}; the closest, ${closest.hypothesis.id}, is off by ${closest.maxAbs.toExponential(2)}: check that the reference was made with model.eval() and with ${weightsText(checkpoint)}, or write the encoder with defineBackbone (docs/backbones.md)`,
  );
}

function weightsText({ assumed = [] }: Checkpoint): string {
  return assumed.length === 0 ? 'this checkpoint' : `these weights (${assumptionsText(assumed)})`;
}

/** Those that differ least from what came closest: where one thing alone is wrong, outputs are alike but for their scale. */
function nearest(
  tried: ReadonlyMap<string, Trial>,
  near: (trial: Trial) => readonly Hypothesis[],
): readonly Hypothesis[] {
  const found = new Map<string, Hypothesis>();
  for (const trial of [...tried.values()].sort((a, b) => b.correlation - a.correlation).slice(0, CLOSEST)) {
    for (const each of near(trial)) found.set(each.id, each);
    if (found.size >= BATCH) break;
  }
  return [...found.values()].slice(0, BATCH);
}

/** Whether an output may be probabilities: what is below 0 or beyond 1 are logits. */
const mayBeProbabilities = ({ data }: Floats): boolean =>
  data.every((value) => !(value < -FAR || value > 1 + FAR));

const sizeOf = ({ dims }: Floats) => ({ batch: at(dims, 0), height: at(dims, 2), width: at(dims, 3) });

/** The input and the output of a reference, by their names or in that order. @throws NmodeError (BAD_REFERENCE) */
function pairOf({ name: file, tensors }: Reference): { readonly input: Floats; readonly output: Floats } {
  const bad = (what: string) => new NmodeError('BAD_REFERENCE', `${file}: ${what}`);
  const input = tensors.get('input') ?? [...tensors].find(([name]) => name !== 'mask')?.[1];
  const output = tensors.get('mask') ?? [...tensors.values()].find((tensor) => tensor !== input);
  if (input === undefined || output === undefined || tensors.size !== 2) {
    throw bad(`it holds ${tensors.size} tensors, expected an input and an output`);
  }
  const [given, expected] = [floatsOf(input), floatsOf(output)];
  if (given === undefined || expected === undefined) {
    throw bad('an input and an output [N, C, H, W] of numbers are expected');
  }
  return { input: given, output: expected };
}

function floatsOf(tensor: Tensor): Floats | undefined {
  const isImage = tensor.dtype === 'float32' && tensor.dims.length === 4;
  return isImage ? { dims: tensor.dims, data: float32Values(tensor) } : undefined;
}

/** The hypotheses that take such an input and give such an output. @throws NmodeError (BAD_REFERENCE) */
function fittingTo(
  input: Floats,
  output: Floats,
  all: readonly Hypothesis[],
  { name }: Reference,
): readonly Hypothesis[] {
  const fits = all.filter((each) => takesPair(each, input, output));
  if (fits.length > 0 && String(input.dims.slice(2)) === String(output.dims.slice(2))) return fits;
  const [, , ...space] = input.dims;
  if (space.every((size, axis) => at(output.dims, axis + 2) < size)) {
    throw new NmodeError(
      'BAD_REFERENCE',
      `${name}: its output of [${output.dims}] is smaller than its input of [${input.dims}], as where convolutions have no padding: such networks are not tried; export it with PyTorch's torch.onnx.export and use nmode graft or nmode optimize`,
    );
  }
  const { stages, depth } = at(all, 0).wiring;
  const [first, last] = [at(stages, 0).input, at(stages, stages.length - 1).output];
  throw new NmodeError(
    'BAD_REFERENCE',
    `${name}: it goes from [${input.dims}] to [${output.dims}], a network of these shapes from [N, ${first}, H, W] to [N, ${last}, H, W], H and W multiples of ${2 ** depth}`,
  );
}

/** Whether a hypothesis takes such an input and gives such an output, height and width of that aside. */
function takesPair(hypothesis: Hypothesis, input: Floats, output: Floats): boolean {
  const { stages, depth } = hypothesis.wiring;
  const { height, width } = sizeOf(input);
  const isDivided = height % 2 ** depth === 0 && width % 2 ** depth === 0;
  // An nmODE decoder has a head of its own.
  const gives = isEncoder(hypothesis) ? output.dims[1] : at(stages, stages.length - 1).output;
  return isDivided && at(stages, 0).input === input.dims[1] && gives === output.dims[1];
}

/** Runs hypotheses on one input: many in a graph, whose weights are read once. */
class Bench {
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #largest: number;
  readonly #isProbable: boolean;

  constructor(
    readonly checkpoint: Checkpoint,
    readonly plan: ExportPlan,
    readonly input: Floats,
    readonly expected: Floats,
    readonly tolerance: ReferenceTolerance,
  ) {
    this.#tensors = new Map(Array.from(checkpoint.tensors, ([key, tensor]) => [key, kept(tensor)]));
    this.#largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    this.#isProbable = mayBeProbabilities(expected);
  }

  async run(hypotheses: readonly Hypothesis[]): Promise<readonly Trial[]> {
    const [encoders, whole] = [hypotheses.filter(isEncoder), hypotheses.filter((each) => !isEncoder(each))];
    const trials: Trial[] = [];
    // The weights of another norm have another shape in the graph.
    for (const norm of new Set(whole.map(({ chosen }) => chosen.choices.norm))) {
      trials.push(...(await this.#runTogether(whole.filter(({ chosen }) => chosen.choices.norm === norm))));
    }
    for (const encoder of encoders) trials.push(await this.#runWithDecoder(encoder));
    return trials;
  }

  /** An encoder with the nmODE decoder that the checkpoint has for it. */
  async #runWithDecoder(hypothesis: Hypothesis): Promise<Trial> {
    const { plan, checkpoint, input } = this;
    const outputs: Record<string, Floats> = {};
    for (const head of this.#heads) {
      const { model } = exportCheckpoint(checkpoint, {
        ...plan,
        backbone: hypothesis.backbone,
        hints: { ...plan.hints, head },
        // What is said of masks is of the head that follows.
        images: { io: 'tensor' },
        graph: { ...plan.graph, size: sizeOf(input) },
      });
      const [output] = Object.values(await this.#outputsOf(model));
      if (output !== undefined) outputs[outputOf(head, 0)] = output;
    }
    return this.#judge(hypothesis, 0, outputs);
  }

  async #runTogether(hypotheses: readonly Hypothesis[]): Promise<readonly Trial[]> {
    const outputs = await this.#outputsOf(this.#graphOf(hypotheses));
    return hypotheses.map((hypothesis, index) => this.#judge(hypothesis, index, outputs));
  }

  async #outputsOf(model: Model): Promise<FloatOutputs> {
    // A graph runs once: to rewrite it first takes longer than it saves.
    const session = await openNative(encodeModel(model), {
      provider: parseProvider('cpu'),
      graphOptimization: 'disabled',
      threads: usableCores(),
      arena: true,
      spinning: false,
    });
    try {
      return ofType(await session.run({ input: { type: 'float32', ...this.input } }), 'float32');
    } finally {
      await session.release();
    }
  }

  /** One output for each hypothesis and each head that it may have. */
  #graphOf(hypotheses: readonly Hypothesis[]) {
    const pixels = graphInput('input', 'float32', this.input.dims);
    const weights = this.#weights();
    const encoded = new Map<Wiring, Map<string, readonly Value[]>>();
    const outputs = hypotheses.flatMap(({ wiring, chosen: { choices } }, index): [string, Value][] => {
      const plain = { wiring, choices };
      const known = encoded.get(wiring) ?? new Map<string, readonly Value[]>();
      const features = known.get(encoderWord(choices)) ?? encode(plain, pixels, weights);
      encoded.set(wiring, known.set(encoderWord(choices), features));
      const logits = decode(plain, features, weights);
      return this.#heads.map((head) => [outputOf(head, index), applyHead(head, logits)]);
    });
    return assemble({
      name: 'hypotheses',
      inputs: [pixels],
      outputs: Object.fromEntries(outputs),
      producerVersion: VERSION,
    });
  }

  /** Those that the reference may have been made with. */
  get #heads(): readonly Head[] {
    const { head } = this.plan.hints;
    if (!this.#isProbable) return ['none'];
    if (head !== undefined) return [head];
    return HEADS.filter((each) => each !== 'softmax' || at(this.expected.dims, 1) > 1);
  }

  #weights(): Weights {
    const settings = new SettingsInUse(this.plan.settings);
    return Weights.from((key) => this.#tensors.get(key), this.checkpoint.file, settings);
  }

  #judge(hypothesis: Hypothesis, index: number, outputs: FloatOutputs): Trial {
    const trials = this.#heads.map((head): Trial => {
      const found = outputs[outputOf(head, index)];
      if (found === undefined) throw new TypeError(`no output ${outputOf(head, index)}`);
      const { maxAbs, correlation } = compared(found.data, this.expected.data);
      // Element by element only what may pass.
      const isNear = maxAbs <= FAR * Math.max(1, this.#largest);
      const pass =
        isNear && compareOutputs(found, this.expected, parityRule(head, this.tolerance, true)).pass;
      return { hypothesis, head, pass, maxAbs, correlation };
    });
    return trials.find(({ pass }) => pass) ?? trials.reduce((a, b) => (b.maxAbs < a.maxAbs ? b : a));
  }
}

/** Whether a hypothesis is of an encoder alone. */
const isEncoder = ({ wiring: { stages, bottom } }: Hypothesis) => bottom === stages.length - 1;

const outputOf = (head: Head, index: number) => `${head}${index}`;

/** How far two arrays of one length are from each other, and how alike: a plain loop, for it runs for each hypothesis. */
function compared(found: ArrayLike<number>, expected: ArrayLike<number>) {
  let [maxAbs, sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [found[i] as number, expected[i] as number];
    const abs = Math.abs(x - y);
    // What is not a number is larger than all.
    if (!(abs <= maxAbs)) maxAbs = abs;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumYY += y * y;
    sumXY += x * y;
  }
  const count = expected.length;
  const spread = Math.sqrt((sumXX - (sumX * sumX) / count) * (sumYY - (sumY * sumY) / count));
  const correlation = (sumXY - (sumX * sumY) / count) / spread;
  // What is the same everywhere, or not a number, is like nothing.
  return { maxAbs, correlation: Number.isFinite(correlation) ? correlation : -1 };
}

/** A tensor whose elements are read from the file once. */
function kept(tensor: Tensor): Tensor {
  if (tensor instanceof UnreadableTensor) return tensor;
  let data: Uint8Array | undefined;
  const bytes = () => {
    data ??= tensor.bytes();
    return data;
  };
  return { dtype: tensor.dtype, dims: tensor.dims, bytes };
}
