import { rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readSafetensors } from '../../../exporters/checkpoints/safetensors.js';
import { FileSource } from '../../../exporters/checkpoints/source.js';
import { encodeSafetensors } from '../../../exporters/checkpoints/write-safetensors.js';
import { badUsage, NmodeError, reason } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import { pick } from '../../../graph/common/pick.js';
import { float32Values, type Tensor, tensorOf } from '../../../graph/ir/tensor.js';
import type { TrainingState } from '../../../graph/training/step.js';
import { writeWhole } from '../../files/write-whole.js';
import type { HeldOutLook } from '../slim-report.js';
import type { FitRecord } from './fit-task.js';

/** What a training is told by: one that goes on has to be the same. */
export type Identity = Readonly<Record<string, string | number | boolean>>;

/** Milliseconds between two writes: what a killed process loses. */
const INTERVAL = 20_000;

/** The key of the file's metadata. */
const KEY = 'nmode.slim';

/** What stands beside the vectors. */
interface Described extends Omit<FitRecord, 'state' | 'best'> {
  readonly identity: Identity;
  readonly steps: number;
  readonly best?: HeldOutLook;
}

/** The state of a training in a file beside its output, from which it goes on. */
export class StateFile {
  #written = performance.now();
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly path: string,
    private readonly identity: Identity,
  ) {}

  /** @param output the file that the training is to write */
  static beside(output: string, identity: Identity): StateFile {
    return new StateFile(stateOf(output), identity);
  }

  /** Keeps a record: at once where it is the last, or else once in a while. @throws NmodeError (CANNOT_WRITE) */
  async keep(record: FitRecord, steps: number, isLast: boolean): Promise<void> {
    if (!isLast && performance.now() - this.#written < INTERVAL) return;
    this.#written = performance.now();
    const bytes = encodeSafetensors(vectorsOf(record), { [KEY]: this.#describe(record, steps) });
    // One after the other: an older one must not take a newer one's place.
    this.#writing = this.#writing.catch(() => {}).then(async () => void (await writeWhole(this.path, bytes)));
    await this.#writing;
  }

  #describe({ state: _, best, ...record }: FitRecord, steps: number): string {
    const described: Described = {
      ...{ identity: this.identity, steps, ...record },
      ...(best && { best: pick(best, ['step', 'agreement', 'divergence']) }),
    };
    return JSON.stringify(described);
  }

  /**
   * What an earlier run has come to, and how many steps there were to be.
   * @throws NmodeError: BAD_USAGE where there is none, or of another training; BAD_CHECKPOINT
   */
  async read(): Promise<{ readonly record: FitRecord; readonly steps: number }> {
    if ((await stat(this.path).catch(() => undefined)) === undefined) {
      throw badUsage(
        `${this.path}: there is no such state: nothing was interrupted, leave ${option('resume')} out`,
      );
    }
    const { tensors, description } = this.#contents();
    const { identity, steps, best, ...found } = description;
    this.#refuseOthers(identity);
    const named = (prefix: string): TrainingState =>
      Object.fromEntries(
        [...tensors].flatMap(([name, tensor]) =>
          name.startsWith(prefix) ? [[name.slice(prefix.length), numbersOf(tensor)]] : [],
        ),
      );
    const record: FitRecord = {
      ...{ ...found, state: named('state.') },
      ...(best && { best: { ...best, state: named('best.') } }),
    };
    return { record, steps };
  }

  /** @throws NmodeError (BAD_CHECKPOINT) */
  #contents() {
    const source = new FileSource(this.path, 'BAD_CHECKPOINT');
    try {
      const { tensors, metadata } = readSafetensors(source);
      const description: unknown = JSON.parse(metadata.get(KEY) ?? 'null');
      if (!isDescribed(description)) throw new Error('it does not identify its training');
      const read = Array.from(tensors, ([name, tensor]): [string, Tensor] => {
        const values = float32Values(tensor);
        if (!values.every(Number.isFinite)) throw new Error(`'${name}' is damaged`);
        return [name, tensorOf('float32', tensor.dims, values)];
      });
      return { tensors: new Map(read), description };
    } catch (error) {
      const problem = `${basename(this.path)}: no state to resume from: ${reason(error)}`;
      throw new NmodeError('BAD_CHECKPOINT', problem, { cause: error });
    } finally {
      source.close();
    }
  }

  #refuseOthers(found: Identity): void {
    const keys = new Set([...Object.keys(this.identity), ...Object.keys(found)]);
    // Whoever does not say again how long it was to take means the same.
    if (this.identity.minutes === undefined) keys.delete('minutes');
    const other = [...keys].find((key) => this.identity[key] !== found[key]);
    if (other === undefined) return;
    throw badUsage(
      `${this.path}: it is the state of another training, ${differenceOf(other, found[other], this.identity[other])}: use the same options, or leave ${option('resume')} out to start over`,
    );
  }

  async remove(): Promise<void> {
    await this.#writing.catch(() => {});
    await rm(this.path, { force: true });
  }
}

/** Lists of images would fill pages. */
function differenceOf(key: string, found: unknown, own: unknown): string {
  const [before, now] = [String(found ?? 'none'), String(own ?? 'none')];
  if (before.length + now.length > MOST_TOLD) return `of other ${key}`;
  return `whose ${key} is ${before} where this one's is ${now}`;
}

/** Characters. */
const MOST_TOLD = 200;

/** The file beside an output. */
export const stateOf = (output: string): string => `${output}.state.safetensors`;

function vectorsOf({ state, best }: FitRecord): ReadonlyMap<string, Tensor> {
  const entries = (prefix: string, given: TrainingState) =>
    Object.entries(given).map(([name, { dims, data }]): [string, Tensor] => [
      `${prefix}${name}`,
      tensorOf('float32', dims, data),
    ]);
  return new Map([...entries('state.', state), ...(best ? entries('best.', best.state) : [])]);
}

const numbersOf = (tensor: Tensor) => ({ dims: tensor.dims, data: float32Values(tensor).slice() });

const isWhole = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;

function isLook(value: unknown): value is HeldOutLook {
  const { step, agreement, divergence } = Object(value);
  return isWhole(step) && Number.isFinite(agreement) && Number.isFinite(divergence);
}

function isDescribed(value: unknown): value is Described {
  const { identity, step, steps, losses, seconds, looks, best, settled, stopped } = Object(value);
  const isIdentity = typeof identity === 'object' && identity !== null;
  const areNumbers = Array.isArray(losses) && losses.length === step && losses.every(Number.isFinite);
  const areLooks = Array.isArray(looks) && looks.every(isLook) && (best === undefined || isLook(best));
  const areFlags = [settled, stopped].every((flag) => flag === undefined || typeof flag === 'boolean');
  const areCounts = isWhole(step) && isWhole(steps) && Number.isFinite(seconds);
  return isIdentity && areCounts && areNumbers && areLooks && areFlags;
}
