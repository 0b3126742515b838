import { Option } from 'commander';

/** The part of a batch; what it says is read where the environment is known. */
export const shardOption = (): Option =>
  new Option(
    '--shard <i/n>',
    "do the images of shard i of n (0/8 to 7/8) and go on where an earlier process ended; auto: a scheduler's array says which",
  );
