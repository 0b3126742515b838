import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { at } from '../../graph/common/at.js';
import { badUsage, reason } from '../../graph/common/errors.js';
import { bytewise } from '../files/bytewise.js';
import {
  differenceOf,
  type Entry,
  type Header,
  isDone,
  isFailed,
  openManifest,
  readLine,
  shardOfName,
} from './manifest.js';
import { ListHash, shardText, sizeOf } from './shard.js';

/** The manifest of a shard, read from its second line on. */
interface Part extends ReturnType<typeof openManifest> {
  readonly path: string;
}

/** An entry, and the folder that its outputs are in. */
export interface Merged {
  readonly entry: Entry;
  readonly folder: string;
}

/** The manifests of all shards of a run, one each. */
export interface Shards {
  /** Of the whole. */
  readonly header: Header;
  readonly parts: readonly Part[];
}

/**
 * Opens the manifests of all shards of one run.
 * @param sources manifests, and folders of them
 * @throws NmodeError (BAD_USAGE) in one line where they are none, or not each shard of one run once
 */
export async function openShards(sources: readonly string[]): Promise<Shards> {
  const found = (await Promise.all(sources.map(manifestsAt))).flat();
  const paths = new Map(found.map((path) => [resolve(path), path])).values();
  const parts = Array.from(paths, (path): Part => ({ path, ...openManifest(path) }));
  const [first, ...others] = parts;
  if (first === undefined) throw badUsage('no manifest is given');
  for (const { path, header } of others) refuseOther(first, path, header);
  const { count } = first.header.shard;
  const byIndex = new Map<number, Part>();
  for (const part of parts) {
    const same = byIndex.get(part.header.shard.index);
    if (same !== undefined) {
      throw badUsage(
        `${same.path} and ${part.path} are both of shard ${shardText(part.header.shard)}: leave one out`,
      );
    }
    byIndex.set(part.header.shard.index, part);
  }
  const missing = Array.from({ length: count }, (_, index) => index).filter((index) => !byIndex.has(index));
  if (missing.length > 0) {
    const some = missing.slice(0, MOST_NAMED).map((index) => shardText({ index, count }));
    const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
    throw badUsage(
      `no manifest is of shard ${some.join(', ')}${more}: run what is missing, or name its folder as well`,
    );
  }
  const sorted = [...byIndex].sort(([a], [b]) => a - b).map(([, part]) => part);
  return { header: { ...first.header, shard: { index: 0, count: 1 } }, parts: sorted };
}

/** Shards that a message names. */
const MOST_NAMED = 5;

/** Shards of a folder; the manifest of all images, which an earlier merge wrote, only where there are none. */
async function manifestsAt(source: string): Promise<readonly string[]> {
  try {
    if (!(await stat(source)).isDirectory()) return [source];
    const names = (await readdir(source)).filter((name) => shardOfName(name) !== undefined);
    const ofShards = names.filter((name) => shardOfName(name)?.shard.count !== 1);
    const found = (ofShards.length > 0 ? ofShards : names).sort(bytewise);
    if (found.length > 0) return found.map((name) => join(source, name));
  } catch (error) {
    throw badUsage(`${source}: cannot be read: ${reason(error)}`, { cause: error });
  }
  throw badUsage(`${source}: it holds no manifest of a shard, as predict and eval write them with a shard`);
}

/** @throws NmodeError (BAD_USAGE) for shards of different runs */
function refuseOther({ path: firstPath, header: first }: Part, path: string, header: Header): void {
  const [one, other] = [first.shard, header.shard];
  if (header.nmode !== first.nmode) {
    throw badUsage(
      `${path} is of ${header.nmode}, and ${firstPath} of ${first.nmode}: name the manifests of one`,
    );
  }
  const difference = differenceOf(header, first);
  if (difference !== undefined) {
    throw badUsage(
      `${path} is of another run than ${firstPath}, ${difference}: run one of the two again as the other`,
    );
  }
  if (one.count !== other.count) {
    throw badUsage(
      `${firstPath} and ${path} are of splits into ${one.count} and ${other.count}, whose images overlap: name the manifests of one split`,
    );
  }
}

/**
 * What all shards say of each image, in the order of the list: image k is the next line of shard k mod n, so that of each manifest no
 * more than a piece is in memory.
 * @throws NmodeError (BAD_USAGE) where a shard is not finished, or its lines are not those of its images
 */
export function* mergedEntries({ header, parts }: Shards): Generator<Merged, void, undefined> {
  const hash = new ListHash();
  let before: string | undefined;
  for (let k = 0; k < header.list.count; k++) {
    const { path, lines, header: own } = at(parts, k % parts.length);
    const line = nextLine(lines);
    if (line === undefined || !('image' in line)) throw unfinished(path, own);
    const { image } = line;
    if (before !== undefined && bytewise(before, image) >= 0) throw unfinished(path, own);
    hash.add(image);
    before = image;
    yield { entry: line, folder: dirname(path) };
  }
  for (const { path, lines, header: own } of parts) {
    const ending = nextLine(lines);
    const isWhole =
      ending !== undefined &&
      !isDone(ending) &&
      !isFailed(ending) &&
      ending.images === sizeOf(own.shard, own.list.count);
    if (!isWhole) throw unfinished(path, own);
  }
  if (hash.digest() === header.list.sha256) return;
  throw badUsage(
    `${basename(at(parts, 0).path)} and the others name images that are not those of their list: run the shards again`,
  );
}

function nextLine(lines: Iterator<string>) {
  const next = lines.next();
  return next.done ? undefined : readLine(next.value);
}

const unfinished = (path: string, { shard }: Header) =>
  badUsage(`${path}: shard ${shardText(shard)} is not finished: run it again, and it resumes`);
