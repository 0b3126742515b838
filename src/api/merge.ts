import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { type Kinds, PATH, PATHS } from '../../graph/common/option-kinds.js';
import { inOrder } from '../../runtime/common/in-order.js';
import { type Entry, type FailedEntry, isFailed, manifestName, wholeManifest } from '../batch/manifest.js';
import { type Merged, mergedEntries, openShards, type Shards } from '../batch/merge.js';
import { checkedBytes, checkWritten } from '../batch/written.js';
import { makeFolder, removePartials, writeWhole } from '../files/write-whole.js';
import {
  type Counted,
  type Counting,
  type EvaluationReport,
  evaluationOf,
} from '../reports/evaluation-counts.js';
import { WATCH, withOptions } from './option-kinds.js';

export interface MergeOptions {
  /** The folders of shards, or their manifests. */
  readonly shards: readonly string[];
  /** The folder of the whole, made where it does not exist; it may be that of the shards. */
  readonly output: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface MergeReport {
  /** The manifest of all images. */
  readonly manifest: string;
  readonly shards: number;
  /** Number of images, including those that failed. */
  readonly images: number;
  /** Files of `predict` that are there and as they were written. */
  readonly outputs: number;
  readonly failures: readonly Pick<FailedEntry, 'image' | 'code' | 'error'>[];
  /** For the counts of `evaluate`: its report on all images. */
  readonly evaluation?: EvaluationReport;
}

const KINDS: Kinds<MergeOptions> = { shards: PATHS, output: PATH, ...WATCH };

/** Outputs that are checked or copied at once. */
const AT_ONCE = 8;

/** What temporary files are called. */
const TAG = 'merge-';

/**
 * Combines the shards of a run: writes the manifest that a single run writes, byte for byte, and with another folder the outputs
 * as well. Each is checked against what was written.
 * @throws NmodeError: BAD_USAGE where shards are missing, there twice, not finished or of different runs; CHECK_FAILED for an output that is
 * not as it was written; CANNOT_WRITE
 */
export async function merge(options: MergeOptions): Promise<MergeReport> {
  return withOptions(options, KINDS, ['shards', 'output'], merged);
}

async function merged(options: MergeOptions): Promise<MergeReport> {
  const { output, signal, onProgress } = options;
  if (output === '-') throw badUsage(`${option('output')}: expected a folder for what is merged`);
  const shards = await openShards(options.shards);
  const { header } = shards;
  const counting = header.nmode === 'eval' ? countingOf(shards) : undefined;
  await makeFolder(output);
  await removePartials(output, TAG);
  const bring = await bringer(shards, output);
  const failures: FailedEntry[] = [];
  const counted: Counted[] = [];
  let [images, outputs] = [0, 0];
  async function* entries(): AsyncGenerator<Entry, void, undefined> {
    onProgress?.(0, header.list.count);
    for await (const entry of inOrder(mergedEntries(shards), AT_ONCE, bring)) {
      signal?.throwIfAborted();
      if (isFailed(entry)) failures.push(entry);
      else {
        outputs += entry.outputs.length;
        if (counting !== undefined) counted.push(entry.counted as Counted);
      }
      images++;
      onProgress?.(images, header.list.count);
      yield entry;
    }
  }
  const manifest = join(output, manifestName(header.nmode, header.shard));
  await writeWhole(manifest, wholeManifest(header, entries()), TAG);
  return {
    ...{ manifest, shards: shards.parts.length, images, outputs },
    failures: failures.map(({ image, code, error }) => ({ image, code, error })),
    ...(counting && { evaluation: evaluated(counting, counted, failures, manifest) }),
  };
}

/** What sees to it that outputs are there, and as they were written. */
async function bringer({ parts }: Shards, output: string): Promise<(merged: Merged) => Promise<Entry>> {
  const own = await realpath(output);
  const places = parts.map(async ({ path }) => [dirname(path), await realpath(dirname(path))] as const);
  const real = new Map(await Promise.all(places));
  return async ({ entry, folder }) => {
    if (isFailed(entry)) return entry;
    for (const file of entry.outputs) {
      if (real.get(folder) === own) await checkWritten(folder, file);
      else await writeWhole(join(output, file.file), checkedBytes(folder, file), TAG);
    }
    return entry;
  };
}

/** @throws NmodeError (BAD_USAGE) */
function countingOf({ header, parts }: Shards): Counting {
  const { about } = header;
  if (typeof about === 'object' && about !== null) return about as Counting;
  throw badUsage(`${parts[0]?.path}: it does not say how images were counted: count the shard again`);
}

/** @throws NmodeError (BAD_USAGE) for counts that were changed by hand */
function evaluated(
  counting: Counting,
  counted: readonly Counted[],
  failed: readonly FailedEntry[],
  path: string,
): EvaluationReport {
  // As one run has it: what has no partner first.
  const failures = [
    ...failed.filter(({ unpaired }) => unpaired),
    ...failed.filter(({ unpaired }) => !unpaired),
  ];
  const named = failures.map(({ image: name, code, error }) => ({ name, code, error }));
  try {
    return evaluationOf(counting, counted, named);
  } catch (error) {
    if (error instanceof NmodeError) throw error;
    throw badUsage(`${path}: no counts as eval writes them: ${reason(error)}`, { cause: error });
  }
}
