import { Option } from 'commander';

/** The part of a batch; what it says is read where the environment is known. */
export const shardOption = (): Option =>
  new Option(
    '--shard <i/n>',
    'process shard i of n (0/8 to 7/8), and resume an interrupted one; auto takes i and n from the scheduler',
  );
