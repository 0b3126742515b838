import { basename } from 'node:path';
import { encodeSafetensors } from '../../exporters/checkpoints/write-safetensors.js';
import type { SolverId } from '../../exporters/decoders/solvers.js';
import type { Assumption } from '../../graph/common/assumption.js';
import { at } from '../../graph/common/at.js';
import { badUsage, NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import { permutation } from '../../graph/common/random.js';
import { RELEASE_SIDE, type Recipe } from '../../graph/common/recipe.js';
import { optimize } from '../../graph/passes/optimize.js';
import { oneCycle } from '../../graph/training/schedule.js';
import { findImages } from '../files/find-images.js';
import { findCases } from '../files/image-cases.js';
import { type Failure, findPairs, type Pair } from '../files/pairs.js';
import { refuseOverwriting, writeTogether } from '../files/write-whole.js';
import { FITTING, LOSS } from '../slimming/defaults.js';
import { type Collected, collect, type SlimImage } from '../slimming/features.js';
import { costsOf, figuresOn, type ModelFigures } from '../slimming/figures.js';
import { type Fitted, fitDecoder } from '../slimming/fit.js';
import type { FitProgress, FitRecord, FitTask } from '../slimming/fit-task.js';
import { locked } from '../slimming/lock.js';
import { type Identity, StateFile } from '../slimming/state.js';
import { stepsWithin } from '../slimming/steps.js';
import { firstWeights } from '../slimming/student.js';
import type { Student, Teacher } from '../slimming/teacher.js';
import { targetsWithTruth } from '../slimming/truth-targets.js';
import { shortfall } from '../slimming/verdict.js';
import { MAX_STEPS, MIN_STEPS, planSlim, type SlimOptions, type SlimPlan } from './slim-options.js';
import { openTeacher } from './slim-teacher.js';
import { planProof, writeProven } from './write-proven.js';

/** What a slimming came to. Figures are on the images that chose nothing, where nothing else is said. */
export interface SlimReport {
  /** The file of the network that was slimmed. */
  readonly network: string;
  /** The student's, and its size. */
  readonly output: string;
  readonly bytes: number;
  readonly decoder: SolverId;
  /** What was frozen, in words. */
  readonly encoder: string;
  /** Numbers that were fitted: the decoder's. */
  readonly fitted: number;
  /** How many images were trained on, chose the weights, and chose nothing. */
  readonly images: { readonly train: number; readonly heldOut: number; readonly test: number };
  /** Images that cannot be read. */
  readonly failures: readonly Failure[];
  readonly recipe: Recipe;
  /** What neither the network nor the options say, and what was taken for it. */
  readonly assumed: readonly Assumption[];
  readonly seed: number;
  /** How many steps were taken. */
  readonly steps: number;
  /** The step whose weights were kept. */
  readonly bestStep: number;
  /** Of each step. */
  readonly losses: readonly number[];
  /** Mean DSC with the teacher's masks, on the images that choose the weights. */
  readonly looks: FitRecord['looks'];
  readonly teacher: ModelFigures;
  readonly student: ModelFigures;
  /** The student on the images that chose its weights, which flatters. */
  readonly heldOut: Pick<ModelFigures, 'agreement' | 'truth'>;
  /** What else is to be known, one line each. */
  readonly notes: readonly string[];
}

/**
 * Fits an nmODE decoder to a trained network's own answers on images that nobody has to label, and puts it in the place of the network's.
 * @throws NmodeError: BAD_USAGE, BAD_MODEL, BAD_CHECKPOINT, BAD_IMAGE, CANNOT_RUN, CANNOT_WRITE; CHECK_FAILED where the student is not good
 *   enough or the training diverged. In every case nothing is written but the state from which `resume` goes on
 */
export async function slim(options: SlimOptions): Promise<SlimReport> {
  const { network, output, saveWeights } = options;
  const plan = planSlim(options);
  const opened = await openTeacher(options);
  try {
    const [images, truth] = [await imagesOf(options), await truthOf(options)];
    const inputs = [...images.flatMap(({ files }) => files), ...[...truth.values()].map(({ mask }) => mask)];
    const outputs = [output, ...(saveWeights === undefined ? [] : [saveWeights])];
    if (new Set(outputs).size < outputs.length)
      throw badUsage(`${output}: two files are to be written there`);
    await refuseOverwriting(outputs, [network, ...inputs]);
    const slimming = new Slimming(options, plan, opened.teacher, { images, truth });
    return await locked(`${output}.lock`, () => slimming.run(opened.notes));
  } finally {
    opened.close();
  }
}

/** The images of a slimming, and the truth of some, by their names. */
interface Material {
  readonly images: readonly SlimImage[];
  readonly truth: ReadonlyMap<string, Pair>;
}

type Part = 'train' | 'heldOut' | 'test';
type Parts = Readonly<Record<Part, readonly SlimImage[]>>;

type Figures = Pick<ModelFigures, 'agreement' | 'truth'>;

class Slimming {
  constructor(
    private readonly options: SlimOptions,
    private readonly plan: SlimPlan,
    private readonly teacher: Teacher,
    private readonly material: Material,
  ) {}

  async run(notes: readonly string[]): Promise<SlimReport> {
    const { options, plan, teacher } = this;
    // What does not fit is refused before anything is trained.
    await teacher.student(plan.decoder, firstWeights(this.#frame));
    const parts = splitOf(this.material.images, plan.holdOut, plan.seed);
    const state = StateFile.beside(options.output, this.#identity);
    const { fitted, failures } = await this.#fitDecoder(parts, state);
    const student = await teacher.student(plan.decoder, fitted.weights);
    const { ofTeacher, ofStudent, heldOut } = await this.#compare(student, parts);
    const lack = shortfall(ofStudent, ofTeacher, plan.gates);
    if (lack !== undefined && !options.force) {
      const ways = `give more images or ${option('steps')}, or ${option('force', true)} to write it nevertheless`;
      throw new NmodeError(
        'CHECK_FAILED',
        `${lack}: ${ways}; nothing was written but ${state.path}, for ${option('resume')}`,
      );
    }
    const bytes = await this.#write(student);
    await state.remove();
    const { spec } = teacher;
    const { record } = fitted;
    return {
      ...{
        network: teacher.name,
        output: options.output,
        bytes,
        decoder: plan.decoder.id,
        encoder: teacher.encoder,
      },
      fitted: fitted.parameters,
      images: { train: parts.train.length, heldOut: parts.heldOut.length, test: parts.test.length },
      ...{ failures, recipe: spec.recipe, assumed: student.assumed, seed: plan.seed },
      ...{ steps: record.step, bestStep: fitted.step, losses: record.losses, looks: record.looks },
      ...{ teacher: ofTeacher, student: ofStudent, heldOut },
      notes: [...notes, ...student.notes, ...(lack === undefined ? [] : [`written nevertheless: ${lack}`])],
    };
  }

  /** What is fitted, but for sizes. */
  get #frame() {
    const { decoder, settings, seed } = this.plan;
    return { decoder, settings, seed, ...pick(this.teacher, ['skips', 'classes', 'head']) };
  }

  async #fitDecoder(
    parts: Parts,
    state: StateFile,
  ): Promise<{ fitted: Fitted; failures: readonly Failure[] }> {
    const { options, plan, teacher, material } = this;
    const { signal, onProgress } = options;
    const before = options.resume ? await state.read() : undefined;
    const { classes } = teacher.spec;
    const { session, budget, folder, views } = plan;
    const { truth: pairs } = material;
    const collected = await collect(teacher, parts, {
      ...{ session, budget, folder, views, signal },
      targets:
        pairs.size === 0
          ? undefined
          : targetsWithTruth({ pairs, classes, reading: plan.reading, weight: plan.truthWeight }),
      onProgress: (done, total) => onProgress?.({ phase: 'features', done, total }),
    });
    await using _ = collected.store;
    const task = this.#task(collected);
    const steps =
      options.steps ??
      before?.steps ??
      (options.minutes === undefined
        ? FITTING.steps
        : await stepsWithin(options.minutes, task, MIN_STEPS, MAX_STEPS));
    const record = before && { ...before.record, ...(before.steps !== steps && { stopped: false }) };
    const fitted = await fitDecoder(
      {
        ...task,
        steps,
        optimisation: { ...task.optimisation, rates: oneCycle(plan.rate, steps) },
        patience: FITTING.patience * FITTING.lookEvery,
        keep: (kept, isLast) => state.keep(kept, steps, isLast),
      },
      record,
    );
    return { fitted, failures: collected.failures };
  }

  /** What is to be done, but for how many times. */
  #task(collected: Collected): Omit<FitTask, 'steps' | 'patience' | 'keep'> {
    const { options, plan, teacher } = this;
    const { signal, onProgress } = options;
    const batch = Math.min(plan.batch, collected.train.length);
    return {
      fitting: { ...this.#frame, shapes: collected.shapes, batch },
      optimisation: { loss: LOSS, rates: [plan.rate], weightDecay: FITTING.weightDecay },
      ...pick(FITTING, ['runningShare', 'lookEvery']),
      ...{ collected, session: plan.session, signal, classes: teacher.spec.classes },
      onProgress: (progress: FitProgress) => onProgress?.({ phase: 'fitting', ...progress }),
    };
  }

  /** Teacher and student side by side. */
  async #compare(student: Student, { test, heldOut }: Parts) {
    const { options, plan, teacher, material } = this;
    const { signal, onProgress } = options;
    const { session, reading } = plan;
    const networks = [optimize(teacher.network).model, optimize(student.model).model] as const;
    const contestants = networks.map((model, index) => ({ model, options: index === 0 ? teacher.said : {} }));
    const total = test.length + heldOut.length;
    const on = (images: readonly SlimImage[], before: number) =>
      figuresOn(images, contestants, {
        ...{ truth: material.truth, reading, session, signal },
        onProgress: (done) => onProgress?.({ phase: 'figures', done: before + done, total }),
      });
    const [judged, chosen] = [await on(test, 0), await on(heldOut, test.length)];
    const { sizing } = teacher.spec.recipe;
    const size = sizing.kind === 'resize' ? sizing : { height: RELEASE_SIDE, width: RELEASE_SIDE };
    const costs = await costsOf(networks, size, session, signal);
    const of = (index: number): ModelFigures => ({ ...at(costs, index), ...at(judged, index) });
    return { ofTeacher: of(0), ofStudent: of(1), heldOut: at(chosen, 1) satisfies Figures };
  }

  /** Both files, or none. @returns the size of the model */
  async #write(student: Student): Promise<number> {
    const { output, saveWeights, images, inputs, signal } = this.options;
    return writeTogether(async (put) => {
      if (saveWeights !== undefined) await put(saveWeights, encodeSafetensors(student.weights));
      const proof = planProof({ output, images, ...(signal && { signal }), ...(inputs && { inputs }) });
      const made = { ...pick(student, ['model', 'head', 'assumed', 'notes']), name: basename(output) };
      return (await writeProven({ ...made, isProven: true }, proof)).bytes;
    });
  }

  /** What makes a training the same as another. */
  get #identity(): Identity {
    const { plan, teacher, material } = this;
    const { seed, batch, rate, holdOut, views, truthWeight } = plan;
    return {
      network: teacher.sha256,
      skips: teacher.skips.map(({ tensor }) => tensor).join(','),
      ...{ decoder: JSON.stringify(plan.decoder), settings: JSON.stringify(plan.settings) },
      recipe: JSON.stringify(teacher.spec.recipe),
      images: JSON.stringify(material.images.map(({ name }) => name)),
      masks: JSON.stringify([...material.truth.keys()]),
      ...{ seed, batch, rate, holdOut, views, truthWeight },
    };
  }
}

/** @throws NmodeError (BAD_IMAGE, BAD_USAGE) */
async function imagesOf({ images, inputs }: SlimOptions): Promise<readonly SlimImage[]> {
  if (inputs === undefined) {
    return (await findImages(images)).map((file) => ({ name: basename(file), files: file }));
  }
  const { cases, failures } = await findCases(images, inputs);
  const [failure] = failures;
  if (failure !== undefined) throw failure.error;
  return cases;
}

/** The masks that there are, by the names of their images. @throws NmodeError (BAD_IMAGE, BAD_USAGE) */
async function truthOf({ images, masks, inputs }: SlimOptions): Promise<ReadonlyMap<string, Pair>> {
  if (masks === undefined) return new Map();
  const { pairs } = await findPairs(images, masks, inputs);
  return new Map(pairs.map((pair) => [basename(pair.image), pair]));
}

function splitOf(images: readonly SlimImage[], holdOut: number, seed: number): Parts {
  const order = [...permutation(images.length, seed)].map((index) => at(images, index));
  const [test, held] = [Math.round(images.length / 10), Math.round(images.length * holdOut)];
  return {
    test: order.slice(0, test),
    heldOut: order.slice(test, test + held),
    train: order.slice(test + held),
  };
}
