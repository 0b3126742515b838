import { at } from '../../../graph/common/at.js';
import { float32Tensor, float32Values, type Tensor } from '../../../graph/ir/tensor.js';
import type { TrainingState } from '../../../graph/training/step.js';
import type { FitTask } from './fit-task.js';
import type { Judge } from './judge.js';

/** The bias of the decoder's 1x1 convolution: one number a class. */
const BIAS = 'outc.conv.bias';

/** How far it is moved at most, in logits, and in how many steps. */
const [MOST, BINS] = [2, 4000];

/** Images that are looked at: more do not move it. */
const MOST_IMAGES = 64;

/** Of a class: how many pixels its teacher finds, and the student's by their logits. */
class Areas {
  wanted = 0;
  readonly #counts = new Float64Array(BINS);
  #beyond = 0;

  add(student: number, teacher: number): void {
    if (teacher >= 0.5) this.wanted++;
    const logit = Math.log(student / (1 - student));
    if (logit >= MOST) this.#beyond++;
    else if (logit >= -MOST) {
      const bin = Math.floor(((logit + MOST) / (2 * MOST)) * BINS);
      this.#counts[bin] = at(this.#counts, bin) + 1;
    }
  }

  /** The logit from which on as many pixels are the student's as are the teacher's. */
  get threshold(): number {
    let found = this.#beyond;
    for (let bin = BINS - 1; bin >= 0; bin--) {
      if (found >= this.wanted) return (2 * MOST * (bin + 1)) / BINS - MOST;
      found += at(this.#counts, bin);
    }
    return -MOST;
  }
}

/**
 * Moves the last bias of classes that are independent so that the student's masks are, over images that were trained on, as large as its
 * teacher's. Cross-entropy and overlap leave them a little smaller or larger.
 */
export async function areaBias(
  { collected, fitting, classes }: FitTask,
  judge: Judge,
  state: TrainingState,
  weights: ReadonlyMap<string, Tensor>,
): Promise<ReadonlyMap<string, Tensor>> {
  const bias = weights.get(BIAS);
  if (classes.kind !== 'independent' || bias === undefined) return weights;
  const areas = Array.from({ length: fitting.classes }, () => new Areas());
  const every = Math.ceil(collected.train.length / MOST_IMAGES);
  const some = collected.train.filter((_, index) => index % every === 0);
  for await (const { student, teacher } of judge.answers(state, some)) {
    const size = student.data.length / areas.length;
    for (const [label, area] of areas.entries()) {
      for (let pixel = label * size; pixel < (label + 1) * size; pixel++)
        area.add(student.data[pixel] as number, teacher.data[pixel] as number);
    }
  }
  const moved = float32Values(bias).map((value, label) => value - at(areas, label).threshold);
  return new Map([...weights, [BIAS, float32Tensor(bias.dims, moved)]]);
}
