import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { badUsage } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import { type DoneEntry, identityOf, type OutputFile } from '../../batch/manifest.js';
import { partOf, type Shard } from '../../batch/shard.js';
import { ShardRun } from '../../batch/shard-run.js';
import { sizeOfFiles } from '../../batch/written.js';
import { bytewise } from '../../files/bytewise.js';
import type { OutputOptions } from './predict-files.js';
import { type FoundTasks, filesOfTask, type ImageOptions, type Task } from './predict-tasks.js';

/** A task that is split. */
interface Sharded extends ImageOptions, OutputOptions {
  readonly shard?: string;
}

/** A shard's part of the images. */
export interface Share extends FoundTasks {
  readonly shard: Shard;
  /** The paths of all images. */
  readonly list: readonly string[];
}

/**
 * Which images a shard does.
 * @throws NmodeError (BAD_USAGE) for what is not a list of files that all shards would find alike
 */
export async function shareOf(found: FoundTasks, shard: Shard, options: Sharded): Promise<Share> {
  const sharding = option('shard', options.shard);
  if (options.output === '-' || options.images.includes('-')) {
    throw badUsage(`${sharding}: expected folders and files, in place of standard input and output`);
  }
  const unread = found.unfound.find(({ path }) => path === undefined);
  if (unread !== undefined) throw unread.error;
  const own = await realpath(options.output).catch(() => undefined);
  for (const place of new Set(found.tasks.map(({ image }) => dirname(image)))) {
    if ((await realpath(place)) !== own) continue;
    throw badUsage(
      `${options.output}: masks among the images would become images of the list: name another folder for them`,
    );
  }
  const all = [...found.tasks, ...found.unfound.map((each) => ({ ...each, path: each.path ?? each.image }))];
  const sorted = all.sort((a, b) => bytewise(a.path, b.path));
  const part = partOf(sorted, shard);
  return {
    shard,
    list: sorted.map(({ path }) => path),
    tasks: part.filter((each) => 'source' in each),
    unfound: part.filter((each) => 'error' in each),
  };
}

/** @throws NmodeError: BAD_USAGE where the folder has manifests of another run; CANNOT_WRITE */
export async function openShard(
  { shard, list, unfound }: Share,
  model: Uint8Array,
  provider: string,
  options: Sharded,
): Promise<ShardRun> {
  const identity = identityOf('predict', model, provider, options, list);
  const run = await ShardRun.open(options.output, { ...identity, shard }, list);
  for (const { path, image, error } of unfound) {
    run.failed({ image: path ?? image, code: error.code, error: error.message });
  }
  return run;
}

/** What a manifest says of a segmented image: of its parts, how many there are. */
export async function entryOf(
  task: Task,
  { width, height, tiles, warnings, classes }: Measured,
  outputs: readonly OutputFile[],
): Promise<DoneEntry> {
  const regions = classes.map(({ components: _, ...region }) => region);
  const bytes = await sizeOfFiles(filesOfTask(task));
  return { image: task.path, bytes, outputs, width, height, tiles, warnings, classes: regions };
}

interface Measured {
  readonly width: number;
  readonly height: number;
  readonly tiles: number;
  readonly warnings: readonly string[];
  readonly classes: readonly { readonly components: unknown }[];
}
