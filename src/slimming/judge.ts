import { at } from '../../graph/common/at.js';
import { encodeModel } from '../../graph/file/write.js';
import type { TrainingStep } from '../../graph/training/step.js';
import { createSession, type Session } from '../../runtime/node/sessions/session.js';
import { mean } from '../measuring/percentile.js';
import { outputOf } from '../transform/output-of.js';
import { agreementOf } from './agreement.js';
import { BatchReader } from './batch-reader.js';
import type { FitRecord, FitTask } from './fit-task.js';

/** Holds a student against the teacher on the images that are held out. */
export class Judge {
  private readonly reader: BatchReader;

  private constructor(
    private readonly task: FitTask,
    private readonly session: Session,
  ) {
    this.reader = new BatchReader(task.collected);
  }

  static async open(task: FitTask, step: TrainingStep): Promise<Judge> {
    return new Judge(task, await createSession(encodeModel(step.inference()), task.session));
  }

  /** The record with what is found; it becomes the best where it is. */
  async look(record: FitRecord): Promise<FitRecord> {
    const { collected, fitting, classes, signal } = this.task;
    const { heldOut } = collected;
    if (heldOut.length === 0) return record;
    const { parameters, running_statistics } = record.state;
    if (parameters === undefined) throw new TypeError('a state without parameters');
    const state = { parameters, ...(running_statistics && { running_statistics }) };
    const found: number[] = [];
    for (let start = 0; start < heldOut.length; start += fitting.batch) {
      // The last batch is filled up with the first images again.
      const records = Array.from({ length: fitting.batch }, (_, index) =>
        at(heldOut, (start + index) % heldOut.length),
      );
      const { targets, ...features } = await this.reader.read(records);
      const outputs = await this.session.run({ ...features, ...state }, { ...(signal && { signal }) });
      const agreements = agreementOf(outputOf(outputs, 'probabilities'), targets, classes);
      found.push(...agreements.slice(0, heldOut.length - start));
    }
    const look = { step: record.step, agreement: mean(found) };
    const isBest = look.agreement > (record.best?.agreement ?? Number.NEGATIVE_INFINITY);
    return {
      ...record,
      looks: [...record.looks, look],
      ...(isBest && { best: { ...look, state } }),
    };
  }

  close(): Promise<void> {
    return this.session.close();
  }
}
