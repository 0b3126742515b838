import type { Head } from '../../../exporters/assembly/head.js';
import type { Skip } from '../../../exporters/backbones/backbone.js';
import type { NmodeDecoder } from '../../../exporters/decoders/nmode.js';
import { SOLVER_IDS } from '../../../exporters/decoders/solvers.js';
import { badUsage } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import type { Model } from '../../../graph/ir/model.js';
import type { Tensor } from '../../../graph/ir/tensor.js';
import type { Assumption } from '../../../graph/recipe/assumption.js';
import type { Recipe } from '../../../graph/recipe/recipe.js';
import type { TrainingHead } from '../../../graph/training/losses.js';
import type { ModelSpec } from '../../../runtime/images/job.js';
import type { InputSpecOptions } from '../../../runtime/input-spec.js';

/** A feature map that a step of the decoder takes. */
export interface TeacherSkip {
  readonly tensor: string;
  readonly channels: number;
  readonly scale: Skip['scale'];
}

/** A student as it was made, before it is rewritten, proven and written. */
export interface Student {
  readonly model: Model;
  readonly head: Head;
  readonly assumed: readonly Assumption[];
  readonly notes: readonly string[];
  /** Whether what rewrites it was proven on networks of its kind. */
  readonly isProven: boolean;
  /** Encoder and decoder in the release's keys; of an .onnx teacher, whose encoder has none, the decoder alone. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** A trained network that an nmODE decoder learns from. */
export interface Teacher {
  /** What messages call it. */
  readonly name: string;
  /** As people have it: images in, what masks are made of out. */
  readonly network: Model;
  /** What its graph does not say of images and classes. */
  readonly said: InputSpecOptions;
  /** The same, rewritten, with its features beside its first output. */
  readonly withSkips: Model;
  /** The tensors for the solver steps, shallow to deep. */
  readonly skips: readonly TeacherSkip[];
  /** How it takes images, and what it gives. */
  readonly spec: ModelSpec;
  /** What neither it nor its user says. */
  readonly assumed: readonly Assumption[];
  readonly classes: number;
  readonly head: TrainingHead;
  /** Of its file. */
  readonly sha256: string;
  /** What was frozen, for people. */
  readonly encoder: string;
  /** The network with a decoder on its features in the place of its own. @throws NmodeError */
  student(decoder: NmodeDecoder, weights: ReadonlyMap<string, Tensor>): Promise<Student>;
}

/** @throws NmodeError (BAD_USAGE) for a network that has an nmODE decoder already */
export function refuseNmode(name: string, decoder: string | undefined, force: boolean): void {
  if (force || !SOLVER_IDS.some((id) => id === decoder)) return;
  throw badUsage(
    `${name}: its decoder is an nmODE (${decoder}) already: give a network with a decoder of its own, or ${option('force', true)} to fit another one to it`,
  );
}

/** What a recipe may do to images that features of a whole image cannot follow. */
const PARTS = ['transpose', 'crop', 'spacing', 'mirror'] as const;

/** @throws NmodeError (BAD_USAGE) for a network that sees images in parts, or otherwise than they lie */
export function refuseParts(name: string, recipe: Recipe | undefined): void {
  if (recipe === undefined) return;
  const part =
    recipe.sizing.kind === 'slide' ? 'sliding windows' : PARTS.find((each) => recipe[each] !== undefined);
  if (part === undefined) return;
  throw badUsage(
    `${name}: its recipe has ${part}, and a student learns from whole images: give ${option('recipe')} to say how these are normalized, and ${option('size')}`,
  );
}

/** What the student ends in. */
export const headOf = ({ classes: { kind } }: ModelSpec): TrainingHead =>
  kind === 'exclusive' ? 'softmax' : 'sigmoid';
