import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { type Environment, placeInArray } from './scheduler.js';
import type { Shard } from './shard.js';

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
