import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { Shard } from './shard.js';

/** Variables by name; an empty one is one that is not set. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Shards of one split: more than any scheduler's array has. */
const MAX_SHARDS = 1_000_000;

/**
 * Reads `i/n`; of `auto` or `auto/n`, the place in a scheduler's array job stands in the environment.
 * @throws NmodeError (BAD_USAGE)
 */
export function parseShard(text: string, environment: Environment): Shard {
  const [, first = '', total] = /^(auto|\d{1,7})(?:\/(\d{1,7}))?$/.exec(text) ?? [];
  const count = total === undefined ? undefined : Number(total);
  const shard =
    first === 'auto' ? placeInArray(environment, count) : { index: Number(first), count: count ?? 0 };
  const { index } = shard;
  if (first !== '' && index < shard.count && shard.count <= MAX_SHARDS) return shard;
  throw badUsage(
    `${option('shard', text)}: expected i/n, shard i of n counted from 0 (0/8 to 7/8), with n from 1 to ${MAX_SHARDS}, or auto`,
  );
}

/** A scheduler that runs a command many times, each with its place in the environment. */
interface Scheduler {
  readonly name: string;
  /** The variable that says that the process is one of an array. */
  readonly mark: string;
  /** @throws NmodeError (BAD_USAGE) */
  place(read: ReadWhole): { readonly index: number; readonly count: number | undefined };
  /** Why there is no count, where there is none. */
  readonly uncounted: string;
}

type ReadWhole = (name: string) => number | undefined;

/** A place that is told from 0 on. */
const counted = (name: string, mark: string, size: string, uncounted = `${size} is not set`): Scheduler => ({
  ...{ name, mark, uncounted },
  place: (read) => ({ index: read(mark) ?? 0, count: read(size) }),
});

const SCHEDULERS: readonly Scheduler[] = [
  {
    name: 'Slurm',
    mark: 'SLURM_ARRAY_TASK_ID',
    uncounted: 'SLURM_ARRAY_TASK_COUNT is not set',
    place: placeInSlurm,
  },
  counted(
    'a Kubernetes Indexed Job',
    'JOB_COMPLETION_INDEX',
    'JOB_COMPLETIONS',
    "Kubernetes does not tell a pod how many there are: set JOB_COMPLETIONS to the Job's completions",
  ),
  counted('AWS Batch', 'AWS_BATCH_JOB_ARRAY_INDEX', 'AWS_BATCH_JOB_ARRAY_SIZE'),
  counted('Google Cloud Batch', 'BATCH_TASK_INDEX', 'BATCH_TASK_COUNT'),
];

/**
 * Arrays begin anywhere and may have gaps of one size. Tasks that are listed one by one (`--array=3,5`) are some of an earlier
 * array mostly, whose places these are not.
 */
function placeInSlurm(read: ReadWhole): { readonly index: number; readonly count: number | undefined } {
  const [id, min, max] = ['ID', 'MIN', 'MAX'].map((name) => read(`SLURM_ARRAY_TASK_${name}`));
  const [step = 1, count] = [read('SLURM_ARRAY_TASK_STEP'), read('SLURM_ARRAY_TASK_COUNT')];
  if (id === undefined || min === undefined || count === undefined) return { index: 0, count: undefined };
  const index = (id - min) / step;
  const isRange = max === undefined || max === min + step * (count - 1);
  if (isRange && Number.isInteger(index) && index >= 0) return { index, count };
  throw badUsage(
    `${option('shard', 'auto')}: Slurm's array is not a range (task ${id} of ${count}, from ${min} to ${max} in steps of ${step}): where it repeats tasks of an earlier array, give ${option('shard', 'i/n')} as they had it`,
  );
}

/**
 * The place of this process in the array job of a scheduler.
 * @param count how many there are, where the caller says so
 * @throws NmodeError (BAD_USAGE) where no scheduler says so, or several do, or it has another count
 */
function placeInArray(environment: Environment, count: number | undefined): Shard {
  const auto = option('shard', count === undefined ? 'auto' : `auto/${count}`);
  const found = SCHEDULERS.filter(({ mark }) => environment[mark]);
  const [scheduler, other] = found;
  if (scheduler === undefined) {
    const marks = SCHEDULERS.map(({ mark }) => mark).join(', ');
    throw badUsage(
      `${auto}: no scheduler says which shard this is (${marks} are not set): give ${option('shard', 'i/n')}`,
    );
  }
  if (other !== undefined) {
    throw badUsage(
      `${auto}: both ${scheduler.mark} and ${other.mark} are set: give ${option('shard', 'i/n')}, or unset one`,
    );
  }
  const place = scheduler.place((name) => wholeNumber(name, environment[name], auto));
  const total = place.count ?? count;
  if (total === undefined) {
    throw badUsage(`${auto}: ${scheduler.uncounted}, or give ${option('shard', 'auto/n')}`);
  }
  if (count !== undefined && count !== total) {
    throw badUsage(`${auto}: ${scheduler.name} has ${total} tasks in this array: give that, or auto alone`);
  }
  if (place.index >= total) {
    throw badUsage(
      `${auto}: ${scheduler.mark} is ${environment[scheduler.mark]}, and there are ${total} tasks`,
    );
  }
  return { index: place.index, count: total };
}

function wholeNumber(name: string, text: string | undefined, auto: string): number | undefined {
  if (!text) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw badUsage(`${auto}: ${name} is '${text}', expected a whole number`);
}
