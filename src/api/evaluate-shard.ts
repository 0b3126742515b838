import { basename } from 'node:path';
import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { identityOf } from '../batch/manifest.js';
import { parseShard } from '../batch/parse-shard.js';
import { partOf, type Shard } from '../batch/shard.js';
import { ShardRun } from '../batch/shard-run.js';
import { sizeOfFiles } from '../batch/written.js';
import { bytewise } from '../files/bytewise.js';
import type { Failure, Pair, Pairs } from '../files/pairs.js';
import { makeFolder } from '../files/write-whole.js';
import type { Counted, Counting } from '../reports/evaluation-counts.js';

interface Place {
  readonly shard: Shard;
  readonly output: string;
}

/** A shard's part of what is counted. */
interface Share extends Pick<Pairs, 'pairs' | 'failures'> {
  /** The names of all that is counted or cannot be. */
  readonly list: readonly string[];
}

/**
 * Which shard is counted, and where its manifest goes.
 * @throws NmodeError (BAD_USAGE)
 */
export function placeOfCounts({
  shard: text,
  output,
  report,
}: {
  readonly shard?: string;
  readonly output?: string;
  readonly report?: string;
}): Place | undefined {
  if (text === undefined) return undefined;
  if (output === undefined || output === '-') {
    throw badUsage(`${option('shard', text)}: expected ${option('output')}, a folder for its counts`);
  }
  const shard = parseShard(text, process.env);
  if (report === undefined || shard.count === 1) return { shard, output };
  throw badUsage(
    `${option('report')} shows the worst of all images: merge the shards, then ask for it with ${option('shard', '0/1')} and the merged folder, where nothing is counted again`,
  );
}

/** Which pairs a shard counts. */
export function shareOf({ pairs, failures }: Pairs, shard: Shard): Share {
  const named = pairs.map((pair) => ({ name: basename(pair.image), pair }));
  const sorted = [...named, ...failures].sort((a, b) => bytewise(a.name, b.name));
  const part = partOf(sorted, shard);
  return {
    list: sorted.map(({ name }) => name),
    pairs: part.flatMap((each) => ('pair' in each ? [each.pair] : [])),
    failures: part.filter((each) => 'error' in each),
  };
}

/** @throws NmodeError: BAD_USAGE where the folder has counts of another run; CANNOT_WRITE */
export async function openCounts(
  { shard, output }: Place,
  { list, failures }: Share,
  model: Uint8Array,
  counting: Counting,
  options: object,
): Promise<ShardRun> {
  await makeFolder(output);
  const { effective } = counting.session;
  const identity = identityOf('eval', model, effective, options, list);
  const run = await ShardRun.open(output, { ...identity, shard, about: counting }, list);
  for (const { name, code, error } of failures) run.failed({ image: name, code, error, unpaired: true });
  return run;
}

const filesOfPair = ({ image, inputs, mask }: Pair): readonly string[] => [...(inputs ?? [image]), mask];

/** What an earlier process has counted of a pair. */
export async function countedBefore(run: ShardRun | undefined, pair: Pair): Promise<Counted | undefined> {
  const entry = await run?.doneBefore(basename(pair.image), filesOfPair(pair));
  return entry?.counted as Counted | undefined;
}

/** An outcome, which the manifest has then. */
export async function recorded<T extends Counted | Failure>(
  pair: Pair,
  outcome: T,
  run: ShardRun | undefined,
): Promise<T> {
  const image = basename(pair.image);
  if ('error' in outcome) run?.failed({ image, code: outcome.code, error: outcome.error });
  else await run?.done({ image, bytes: await sizeOfFiles(filesOfPair(pair)), outputs: [], counted: outcome });
  return outcome;
}
