import { exportCheckpoint } from '../../../exporters/assembly/export-model.js';
import type { ExportPlan } from '../../../exporters/assembly/export-plan.js';
import { applyHead, HEADS, type Head } from '../../../exporters/assembly/head.js';
import { encoderWord } from '../../../exporters/backbones/plain/choices.js';
import type { Hypothesis } from '../../../exporters/backbones/plain/hypotheses.js';
import { decode, encode } from '../../../exporters/backbones/plain/network.js';
import type { Wiring } from '../../../exporters/backbones/plain/wiring.js';
import type { Checkpoint } from '../../../exporters/checkpoints/open.js';
import { UnreadableTensor } from '../../../exporters/checkpoints/unreadable.js';
import { SettingsInUse } from '../../../exporters/nn/settings.js';
import { Weights } from '../../../exporters/nn/weights.js';
import { at } from '../../../graph/common/at.js';
import { VERSION } from '../../../graph/common/version.js';
import { encodeModel } from '../../../graph/file/write.js';
import type { Model } from '../../../graph/ir/model.js';
import type { Tensor } from '../../../graph/ir/tensor.js';
import { input as graphInput, type Value } from '../../../graph/ir/value.js';
import { assemble } from '../../../graph/rewriting/assemble.js';
import { usableCores } from '../../../runtime/node/sessions/limits.js';
import { openNative } from '../../../runtime/node/sessions/native.js';
import { parseProvider } from '../../../runtime/node/sessions/providers.js';
import { ofType } from '../../../runtime/sessions/session.js';
import type { FloatOutputs, Floats } from '../../../runtime/sessions/tensors.js';
import { compareOutputs } from '../../parity/parity.js';
import { parityRule, type ReferenceTolerance } from '../../parity/tolerance.js';

/** A hypothesis that was run, with the head that comes closest. */
export interface Trial {
  readonly hypothesis: Hypothesis;
  /** What the reference was made with, if this is it: none where it holds logits. */
  readonly head: Head;
  readonly pass: boolean;
  readonly maxAbs: number;
  /** Of the outputs and the reference's. */
  readonly correlation: number;
}

/** What differs by more than this share of the largest element passes by no tolerance that makes sense. */
const FAR = 0.1;

/** Whether an output may be probabilities: what is below 0 or beyond 1 are logits. */
const mayBeProbabilities = ({ data }: Floats): boolean =>
  data.every((value) => !(value < -FAR || value > 1 + FAR));

/** The sizes of images [N, C, H, W]. */
export const sizeOf = ({ dims }: Floats) => ({ batch: at(dims, 0), height: at(dims, 2), width: at(dims, 3) });

/** Runs hypotheses on one input: many in a graph, whose weights are read once. */
export class Bench {
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
        isNear &&
        compareOutputs(found, this.expected, parityRule(head === 'none', this.tolerance, true)).pass;
      return { hypothesis, head, pass, maxAbs, correlation };
    });
    return trials.find(({ pass }) => pass) ?? trials.reduce((a, b) => (b.maxAbs < a.maxAbs ? b : a));
  }
}

/** Whether a hypothesis is of an encoder alone. */
export const isEncoder = ({ wiring: { stages, bottom } }: Hypothesis) => bottom === stages.length - 1;

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
