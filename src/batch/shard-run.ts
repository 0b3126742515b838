import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { cannotWrite, removePartials, writeWhole } from '../files/write-whole.js';
import {
  type DoneEntry,
  differenceOf,
  type Entry,
  type FailedEntry,
  type Header,
  isDone,
  lineOf,
  manifestName,
  openManifest,
  readLine,
  shardOfName,
  wholeManifest,
} from './manifest.js';
import { partOf, type Shard, shardText } from './shard.js';
import { checkWritten, sizeOfFiles } from './written.js';

/** What was done of a shard. */
export interface ShardReport extends Shard {
  /** Of all shards. */
  readonly images: number;
  /** Images that an earlier process had done. */
  readonly resumed: number;
  readonly manifest: string;
}

/**
 * A shard's way through its images. Each that is done is a line of the manifest at once, in the order in which they are done; the
 * finished manifest has them in the order of the list. A process that is killed loses the images that it was at, and two at one
 * shard do the same twice: files get their names when they are whole, and what a line does not say is done again.
 */
export class ShardRun {
  #resumed = 0;
  #writing = Promise.resolve();

  private constructor(
    readonly path: string,
    private readonly folder: string,
    private readonly header: Header,
    private readonly list: readonly string[],
    private readonly journal: FileHandle,
    /** By image. */
    private readonly lines: Map<string, string>,
  ) {}

  /**
   * Begins a shard, or goes on where an earlier process ended.
   * @param folder of the outputs, where the manifest is, too
   * @param list the paths of all images
   * @throws NmodeError: BAD_USAGE where the folder has manifests of another run; CANNOT_WRITE
   */
  static async open(folder: string, header: Header, list: readonly string[]): Promise<ShardRun> {
    await refuseOtherSplit(folder, header);
    const path = join(folder, manifestName(header.nmode, header.shard));
    const tag = partialTag(header);
    await removePartials(folder, tag);
    const isNew = (await stat(path).catch(() => undefined)) === undefined;
    if (isNew) await writeWhole(path, Buffer.from(lineOf(header)), tag);
    const lines = isNew ? new Map<string, string>() : linesBefore(path, header);
    const journal = await open(path, 'a').catch((error: unknown) => {
      throw cannotWrite(path, error);
    });
    // A line that was cut ends here.
    if (!isNew) await journal.appendFile('\n');
    return new ShardRun(path, folder, header, list, journal, lines);
  }

  /** What names the temporary files of this shard, so that the next process knows those that a killed one has left. */
  get tag(): string {
    return partialTag(this.header);
  }

  /**
   * The line of an image that an earlier process has done: its files are of the size that they were, and what was written is there
   * and as it was written.
   * @param files of the image
   */
  async doneBefore(image: string, files: readonly string[]): Promise<DoneEntry | undefined> {
    const entry = readLine(this.lines.get(image) ?? '');
    if (entry === undefined || !isDone(entry)) return undefined;
    try {
      if ((await sizeOfFiles(files)) !== entry.bytes) return undefined;
      for (const output of entry.outputs) await checkWritten(this.folder, output);
    } catch {
      return undefined;
    }
    this.#resumed++;
    return entry;
  }

  /** An image that is done: one line, in one write. @throws NmodeError (CANNOT_WRITE) */
  async done(entry: DoneEntry): Promise<void> {
    const line = lineOf(entry);
    this.lines.set(entry.image, line);
    this.#writing = this.#writing.then(() => this.journal.appendFile(line));
    await this.#writing.catch((error: unknown) => {
      throw cannotWrite(this.path, error);
    });
  }

  /** An image that failed: the next process tries it again. */
  failed(entry: FailedEntry): void {
    this.lines.set(entry.image, lineOf(entry));
  }

  /** What is known of each image, in the order of the list. */
  *entries(): Generator<Entry, void, undefined> {
    for (const image of partOf(this.list, this.header.shard)) {
      const entry = readLine(this.lines.get(image) ?? '');
      if (entry === undefined || !('image' in entry)) throw new TypeError(`${image} has no line`);
      yield entry;
    }
  }

  /** Writes the manifest in its last form. @throws NmodeError (CANNOT_WRITE) */
  async finish(): Promise<ShardReport> {
    await writeWhole(this.path, wholeManifest(this.header, this.entries()), this.tag);
    const { shard, list } = this.header;
    return { ...shard, images: list.count, resumed: this.#resumed, manifest: this.path };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.journal.close();
  }
}

const partialTag = ({ nmode, shard }: Header) => `${nmode}-${shard.index}-of-${shard.count}-`;

/** The images that an earlier process has done. @throws NmodeError (BAD_USAGE) for a manifest of another run */
function linesBefore(path: string, own: Header): Map<string, string> {
  const { header, lines } = openManifest(path);
  const difference =
    shardText(header.shard) === shardText(own.shard)
      ? differenceOf(header, own)
      : `of shard ${shardText(header.shard)}`;
  if (difference !== undefined) {
    throw badUsage(
      `${path}: it is the manifest of another run, ${difference}: ask for the same as then, or give another folder`,
    );
  }
  const found = new Map<string, string>();
  for (let next = lines.next(); !next.done; next = lines.next()) {
    const entry = readLine(next.value);
    if (entry !== undefined && isDone(entry)) found.set(entry.image, `${next.value}\n`);
  }
  return found;
}

/**
 * A repeated task that counts its shards otherwise (`--array=3` of what was `--array=0-7`) would do all images again, unseen.
 * @throws NmodeError (BAD_USAGE)
 */
async function refuseOtherSplit(folder: string, { nmode, shard }: Header): Promise<void> {
  const names = await readdir(folder);
  const isOwn = names.includes(manifestName(nmode, shard));
  if (isOwn && shard.count === 1) return;
  for (const name of names) {
    const other = shardOfName(name);
    if (other?.kind !== nmode || other.shard.count === shard.count || other.shard.count <= 1) continue;
    throw badUsage(
      `${option('shard', shardText(shard))}: ${join(folder, name)} is of another split, into ${other.shard.count}: give the same, or another folder`,
    );
  }
}
