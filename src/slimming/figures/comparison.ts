import { at } from '../../../graph/common/at.js';
import { NmodeError } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import { pick } from '../../../graph/common/pick.js';
import type { Model } from '../../../graph/ir/model.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { RELEASE_SIDE } from '../../../graph/recipe/recipe.js';
import { examplesFor } from '../../transform/calibration-inputs.js';
import { withPrecision } from '../../transform/precision-lowering.js';
import { Tolerance } from '../../transform/tolerance.js';
import type { SlimImage } from '../features/features.js';
import type { MaskFigures, ModelFigures, SlimReport } from '../slim-report.js';
import type { Split } from '../split.js';
import type { Student } from '../teacher/teacher.js';
import type { SlimTask } from '../training.js';
import { type Contestant, costsOf, figuresOn, withSegmenters } from './figures.js';
import { type DrawnExample, drawExample, examplesOf } from './report.js';

/** Teacher and student side by side, and beside them the teacher in int8, where that can be had. */
export interface Compared extends Pick<SlimReport, 'teacher' | 'student' | 'teacherInt8' | 'heldOut'> {
  /** Why there is no int8, and what else is to be known. */
  readonly notes: readonly string[];
}

/** Runs them on images that chose nothing, and on those that chose the weights. @throws as `figuresOn` */
export async function compared(
  task: SlimTask,
  student: Student,
  pair: Contestants,
  parts: Pick<Split<SlimImage>, 'test' | 'heldOut'>,
): Promise<Compared> {
  const { options, plan, teacher } = task;
  const lowered = options.int8 === false ? {} : await loweredTeacher(task);
  const contestants: readonly Contestant[] = [
    ...pair,
    ...(lowered.model ? [{ model: lowered.model, options: at(pair, 0).options }] : []),
  ];
  const figures = await figuresOn(task, contestants, parts);
  const { sizing } = teacher.spec.recipe;
  const size = sizing.kind === 'resize' ? sizing : { height: RELEASE_SIDE, width: RELEASE_SIDE };
  // What passes add, such as the matrices of a Resize, was never trained.
  const written = [teacher.network, student.model, teacher.network];
  const models = contestants.map(({ model }) => model);
  const costs = await costsOf(models, written, size, plan.session, options.signal);
  const of = (index: number): ModelFigures => ({ ...at(costs, index), ...at(figures.test, index) });
  return {
    ...{ teacher: of(0), student: of(1), heldOut: at(figures.heldOut, 1) },
    ...(lowered.model && { teacherInt8: of(2) }),
    notes: [
      ...(lowered.why ? [`the teacher in int8 is no alternative: ${lowered.why}`] : []),
      ...notesOf(task, of(0), of(1)),
    ],
  };
}

/** What figures do not say by themselves. */
function notesOf({ truth }: SlimTask, teacher: ModelFigures, student: ModelFigures): readonly string[] {
  const masks = `${truth.size} ${truth.size === 1 ? 'mask was' : 'masks were'} learnt from`;
  const unchecked = `${masks}, and none is of the images that the figures are of: ${option('maxDscDrop')} was not checked`;
  const gains = (student.macs ?? 0) < (teacher.macs ?? Number.POSITIVE_INFINITY);
  return [
    ...(truth.size > 0 && student.truth === undefined ? [unchecked] : []),
    ...(gains ? [] : ['the student takes no fewer multiply-adds than its teacher: there is nothing to gain']),
  ];
}

/** Teacher and student. */
export type Contestants = readonly [teacher: Contestant, student: Contestant];

/** Both as they run: rewritten. @param masksAt where both have masks of one size */
export function contestantsOf(
  { teacher }: SlimTask,
  student: Student,
  masksAt: 'network' | 'image',
): Contestants {
  return [
    { model: optimize(teacher.network).model, options: { ...teacher.said, at: masksAt } },
    { model: optimize(student.model).model, options: { at: masksAt } },
  ];
}

/** Images that the ranges of int8 come from: more would take longer than the fitting. */
const CALIBRATION_IMAGES = 16;

/** The teacher in int8, as `optimize` would write it; or why it cannot be had. */
async function loweredTeacher(task: SlimTask): Promise<{ readonly model?: Model; readonly why?: string }> {
  const { options, teacher } = task;
  const { images, signal } = options;
  const said = {
    mostImages: CALIBRATION_IMAGES,
    ...pick(options, ['inputs']),
    ...pick(teacher.said, ['recipe', 'window', 'grey']),
  };
  try {
    const { model } = optimize(teacher.network, { integers: true });
    const examples = await examplesFor(model, teacher.name, images, said);
    return await withPrecision(model, teacher.name, {
      ...{ precision: 'int8', tolerance: new Tolerance('standard', 'int8'), examples },
      ...(signal && { signal }),
    });
  } catch (error) {
    if (!(error instanceof NmodeError) || signal?.aborted) throw error;
    return { why: error.message };
  }
}

/** The images that agree best and least, with the masks of both. */
export async function drawn(
  task: SlimTask,
  contestants: Contestants,
  { agreement }: MaskFigures,
): Promise<readonly DrawnExample[]> {
  if (agreement === undefined) return [];
  const filesOf = new Map(task.images.map(({ name, files }) => [name, files]));
  return withSegmenters(contestants, task.plan.session, async (segmenters) => {
    const [ofTeacher, ofStudent] = [at(segmenters, 0), at(segmenters, 1)];
    const pictures: DrawnExample[] = [];
    for (const example of examplesOf(agreement)) {
      const files = filesOf.get(example.name) ?? [];
      const { image, masks } = await ofTeacher.segment(files, { pixels: true, probabilities: false });
      if (image === undefined) throw new TypeError('no pixels were given');
      const found = await ofStudent.segment(files, { probabilities: false });
      pictures.push(await drawExample(example, image, { teacher: masks, student: found.masks }));
    }
    return pictures;
  });
}
