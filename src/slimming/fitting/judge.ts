import { at } from '../../../graph/common/at.js';
import { encodeModel } from '../../../graph/file/write.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import { constantRate } from '../../../graph/training/schedule.js';
import type { TrainingState } from '../../../graph/training/step.js';
import { inOrder } from '../../../runtime/common/in-order.js';
import { createSession, type Session } from '../../../runtime/node/sessions/session.js';
import type { Floats } from '../../../runtime/sessions/tensors.js';
import { mean } from '../../measuring/percentile.js';
import { outputOf } from '../../transform/output-of.js';
import { BatchReader } from '../features/batch-reader.js';
import { agreementOf, divergenceOf } from './agreement.js';
import type { FitRecord, FitTask } from './fit-task.js';
import { fittingStep } from './student.js';

/** Images of a run. */
const BATCH = 2;

/** Runs that are under way: while one is, the next is read. */
const RUN_AHEAD = 2;

/** Runs students on whole images: the part of a state that is one. Close it. */
export class Judge {
  private constructor(
    private readonly task: FitTask,
    private readonly session: Session,
    private readonly reader: BatchReader,
  ) {}

  static async open(task: FitTask): Promise<Judge> {
    const { collected, fitting } = task;
    const whole = { ...fitting, shapes: collected.shapes, batch: BATCH };
    const step = fittingStep(whole, constantRate(0), 'running');
    const [, , height = 1, width = 1] = at(collected.shapes, collected.shapes.length - 1);
    const reader = new BatchReader(collected, [height, width], BATCH);
    // It runs rarely, and its memory would stand beside that of the steps.
    const options = { ...task.session, arena: false };
    return new Judge(task, await createSession(encodeModel(step.inference()), options), reader);
  }

  /**
   * The record with what is found on the held-out images; it becomes the best where its probabilities are nearest to the teacher's. Masks would choose
   * by chance: they are a matter of some pixels of a few dozen images, and of an area that is matched at the end.
   */
  async look(record: FitRecord): Promise<FitRecord> {
    const { collected, classes, fitting } = this.task;
    if (collected.heldOut.length === 0) return record;
    const state = studentOf(record.state);
    const [agreements, divergences]: [number[], number[]] = [[], []];
    for await (const { student, teacher } of this.answers(state, collected.heldOut)) {
      agreements.push(agreementOf(student, teacher, classes));
      divergences.push(divergenceOf(student, teacher, fitting.head));
    }
    const look = { step: record.step, agreement: mean(agreements), divergence: mean(divergences) };
    const isBest = look.divergence < (record.best?.divergence ?? Number.POSITIVE_INFINITY);
    return { ...record, looks: [...record.looks, look], ...(isBest && { best: { ...look, state } }) };
  }

  /** What a student and its teacher say of some records, in their order: probabilities [1, classes, H, W] of one image. */
  async *answers(state: TrainingState, records: readonly number[]) {
    const { signal } = this.task;
    const batches = Array.from({ length: Math.ceil(records.length / BATCH) }, (_, index) => index * BATCH);
    const run = async (start: number) => {
      // The last batch is filled up with the first images again.
      const samples = Array.from({ length: BATCH }, (_, index) => ({
        record: at(records, (start + index) % records.length),
        corner: [0, 0] as const,
      }));
      const { targets, ...features } = await this.reader.read(samples);
      const given = { ...features, ...copiedNumbers(state) };
      const options = {
        type: 'float32',
        transfer: true,
        onSpent: this.reader.onSpent,
        ...(signal && { signal }),
      } as const;
      return { start, targets, outputs: await this.session.run(given, options) };
    };
    for await (const { start, targets, outputs } of inOrder(batches, RUN_AHEAD, run)) {
      const probabilities = outputOf(outputs, 'probabilities');
      for (let image = 0; image < BATCH && start + image < records.length; image++)
        yield { student: imageOf(probabilities, image), teacher: imageOf(targets, image) };
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.session.close();
  }
}

/** What of a state a student is. */
function studentOf({ parameters, running_statistics }: TrainingState): TrainingState {
  if (parameters === undefined) throw new TypeError('a state without parameters');
  return { parameters, ...(running_statistics && { running_statistics }) };
}

/** Their memory is given away. */
export const copiedNumbers = (state: TrainingState): TrainingState =>
  Object.fromEntries(
    Object.entries(state).map(([name, { dims, data }]) => [name, { dims, data: data.slice() }]),
  );

function imageOf({ dims: [, ...one], data }: Floats, image: number): Floats {
  const size = elementCount(one);
  return { dims: [1, ...one], data: data.subarray(image * size, (image + 1) * size) };
}
