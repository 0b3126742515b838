import type { ExportPlan } from '../../../exporters/assembly/export-plan.js';
import {
  type Hypotheses,
  type Hypothesis,
  MAX_HYPOTHESES,
  neighboursOf,
} from '../../../exporters/backbones/plain/hypotheses.js';
import type { Checkpoint } from '../../../exporters/checkpoints/open.js';
import { at } from '../../../graph/common/at.js';
import { NmodeError } from '../../../graph/common/errors.js';
import type { Tensor } from '../../../graph/ir/tensor.js';
import { assumptionsText } from '../../../graph/recipe/assumption.js';
import type { Floats } from '../../../runtime/sessions/tensors.js';
import { namedReference, type Paired, pairTensors } from '../../parity/pair.js';
import type { ReferenceTolerance } from '../../parity/tolerance.js';
import { Bench, isEncoder, sizeOf, type Trial } from './structure-bench.js';

/** Inputs and outputs of a network, by name. */
export interface Reference {
  /** What messages call it. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** What a reference has proven. */
export interface Proven extends Trial {
  /** Ids of others that give the same. */
  readonly alike: readonly string[];
  readonly size: { readonly batch: number; readonly height: number; readonly width: number };
}

/** Hypotheses a graph: one shares its weights among all, and the first is often right. */
const FIRST_BATCH = 4;
const BATCH = 8;

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

/** The input and the output of a reference, by their names or in that order. @throws NmodeError (BAD_REFERENCE) */
function pairOf({ name: file, tensors }: Reference): { readonly input: Floats; readonly output: Floats } {
  const paired = pairedIn(file, tensors);
  const [input, output] = [...Object.values(paired.inputs), ...paired.expected.map(([, tensor]) => tensor)];
  if (input?.dims.length === 4 && output?.dims.length === 4) return { input, output };
  throw new NmodeError(
    'BAD_REFERENCE',
    `${file}: an input and an output [N, C, H, W] are expected, it has [${input?.dims}] and [${output?.dims}]`,
  );
}

function pairedIn(file: string, tensors: Reference['tensors']): Paired {
  try {
    return pairTensors({ inputs: [{ name: 'input' }], outputs: [{ name: 'mask' }] }, tensors);
  } catch (error) {
    throw namedReference(file, error);
  }
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
