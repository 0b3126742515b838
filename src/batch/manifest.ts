import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { badUsage, ERRORS, type ErrorCode, NmodeError, reason } from '../../graph/common/errors.js';
import { VERSION } from '../../graph/common/version.js';
import { ListHash, type Shard, shardText } from './shard.js';

/** What has manifests, and what they are called. */
const NAMES = { predict: 'manifest', eval: 'counts' } as const;
export type ManifestKind = keyof typeof NAMES;

/** What decides on results, so that shards which agree in it make one whole. */
export interface Identity {
  readonly nmode: ManifestKind;
  /** Of the package. */
  readonly version: string;
  /** SHA-256 of the model, the weights in other files included. */
  readonly model: string;
  readonly provider: string;
  /** Options that change results, by their names in the API. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The paths of all images, sorted bytewise: how many, and their hash. */
  readonly list: { readonly count: number; readonly sha256: string };
}

/** The first line of a manifest. Nothing in one depends on when or where it was written. */
export interface Header extends Identity {
  readonly shard: Shard;
  /** What else a report of all images says, alike in all shards. */
  readonly about?: unknown;
}

/** A file that was written, by its name in the folder of the manifest. */
export interface OutputFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** An image that is done. */
export interface DoneEntry {
  /** The path of its file, relative to the folder that was given. */
  readonly image: string;
  /** Of its files. */
  readonly bytes: number;
  readonly outputs: readonly OutputFile[];
  readonly [what: string]: unknown;
}

/** An image that failed. */
export interface FailedEntry {
  readonly image: string;
  readonly code: ErrorCode;
  readonly error: string;
  /** Present for a file without its partner. */
  readonly unpaired?: true;
}

export type Entry = DoneEntry | FailedEntry;

export const isFailed = (line: Entry | Ending): line is FailedEntry => 'error' in line;
export const isDone = (line: Entry | Ending): line is DoneEntry => 'outputs' in line;

/** The last line of a manifest that is finished. */
export interface Ending {
  readonly images: number;
  readonly failures: number;
}

/** The name of a shard's manifest; that of all images has none of its own in it. */
export function manifestName(kind: ManifestKind, { index, count }: Shard): string {
  return count === 1 ? `${NAMES[kind]}.jsonl` : `${NAMES[kind]}-${index}-of-${count}.jsonl`;
}

/** The shard whose manifest is called so. */
export function shardOfName(
  name: string,
): { readonly kind: ManifestKind; readonly shard: Shard } | undefined {
  const [, stem, index = '0', count = '1'] =
    /^(manifest|counts)(?:-(\d{1,7})-of-(\d{1,7}))?\.jsonl$/.exec(name) ?? [];
  if (stem === undefined) return undefined;
  const shard = { index: Number(index), count: Number(count) };
  return { kind: stem === NAMES.eval ? 'eval' : 'predict', shard };
}

/** Options that say what is done, where and how fast, and change nothing of what is found. */
const IDLE = new Set([
  ...['model', 'images', 'masks', 'output', 'report', 'shard', 'signal', 'onProgress'],
  ...['providers', 'strict', 'threads', 'workers', 'check', 'arena', 'spinning', 'warmUp', 'placement'],
]);

/** @param options of which those count that change results */
export function identityOf(
  kind: ManifestKind,
  model: Uint8Array,
  provider: string,
  options: object,
  list: readonly string[],
): Identity {
  const given = Object.entries(options).filter(([name, value]) => value !== undefined && !IDLE.has(name));
  const hash = list.reduce((sum, path) => sum.add(path), new ListHash());
  return {
    nmode: kind,
    version: VERSION,
    model: sha256(model),
    provider,
    options: Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1))),
    list: { count: list.length, sha256: hash.digest() },
  };
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export const lineOf = (value: Header | Entry | Ending): string => `${JSON.stringify(value)}\n`;

/** A finished manifest, line by line. */
export async function* wholeManifest(
  header: Header,
  entries: Iterable<Entry> | AsyncIterable<Entry>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let [images, failures] = [0, 0];
  yield Buffer.from(lineOf(header));
  for await (const entry of entries) {
    images++;
    if (isFailed(entry)) failures++;
    yield Buffer.from(lineOf(entry));
  }
  yield Buffer.from(lineOf({ images, failures }));
}

/** In what two runs differ, `whose threshold is 0.4 where that one's is 0.5`; undefined where they are one. */
export function differenceOf(found: Identity, own: Identity): string | undefined {
  if (found.list.sha256 !== own.list.sha256) {
    return `of another list of images, ${found.list.count} where this has ${own.list.count}`;
  }
  const plain = ({ list: _, options, nmode, version, model, provider }: Identity) =>
    new Map(Object.entries({ nmode, version, model, provider, ...options }));
  const [theirs, ours] = [plain(found), plain(own)];
  for (const key of new Set([...theirs.keys(), ...ours.keys()])) {
    const [before, now] = [theirs, ours].map((values) => JSON.stringify(values.get(key)) ?? 'not given');
    if (before !== now) return `whose ${key} is ${shortened(before)} where this one's is ${shortened(now)}`;
  }
  return undefined;
}

/** Hashes and recipes would fill the line. */
const shortened = (text = '') => (text.length > 40 ? `${text.slice(0, 16)}...` : text);

/** The header and the lines below it. @throws NmodeError (BAD_USAGE) for what is no manifest */
export function openManifest(path: string): { readonly header: Header; readonly lines: Iterator<string> } {
  const refuse = (why: string, cause?: unknown) =>
    badUsage(`${path}: ${why}, expected a manifest that predict or eval has written`, { cause });
  const lines = linesOf(path);
  let header: unknown;
  try {
    const first = lines.next();
    header = first.done ? undefined : JSON.parse(first.value);
  } catch (error) {
    if (error instanceof NmodeError) throw error;
    throw refuse(error instanceof SyntaxError ? 'it is not in JSON' : reason(error), error);
  }
  if (!isHeader(header)) throw refuse('it does not begin as one');
  const named = shardOfName(basename(path));
  if (named !== undefined && named.shard.count !== header.shard.count) {
    throw refuse(`it is of shard ${shardText(header.shard)} by its first line`);
  }
  return { header, lines };
}

/** Bytes of a file that are read at a time, and of the longest line. */
const [CHUNK, MAX_LINE] = [2 ** 16, 2 ** 24];

/**
 * The lines of a text file, without holding it or keeping it open: manifests of a thousand shards are read side by side.
 * @returns what stands behind the last line feed is no line
 * @throws NmodeError (BAD_USAGE) for a line of more than 16 MiB; what the file system says
 */
function* linesOf(path: string): Generator<string, void, undefined> {
  let rest = Buffer.alloc(0);
  for (let position = 0; ; ) {
    const chunk = chunkOf(path, position);
    if (chunk.length === 0) return;
    position += chunk.length;
    rest = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, start)) {
      yield rest.toString('utf8', start, end);
      start = end + 1;
    }
    rest = rest.subarray(start);
    if (rest.length > MAX_LINE)
      throw badUsage(`${path}: a line of more than ${MAX_LINE} bytes, which no manifest has`);
  }
}

function chunkOf(path: string, position: number): Buffer<ArrayBuffer> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK);
    return chunk.subarray(0, readSync(file, chunk, 0, CHUNK, position));
  } finally {
    closeSync(file);
  }
}

/** What a line says. @returns undefined for what no run has written: a line that was cut, or changed by hand */
export function readLine(line: string): Entry | Ending | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isEntry(value) || isEnding(value) ? value : undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isHash = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

function isHeader(value: unknown): value is Header {
  if (!isObject(value)) return false;
  const { nmode, version, model, provider, options, list, shard } = value;
  const isKnown = typeof nmode === 'string' && Object.hasOwn(NAMES, nmode);
  const isPlaced =
    isObject(shard) && isWhole(shard.index) && isWhole(shard.count) && shard.index < shard.count;
  const isListed = isObject(list) && isWhole(list.count) && isHash(list.sha256);
  const isNamed = typeof version === 'string' && typeof provider === 'string' && isHash(model);
  return isKnown && isPlaced && isListed && isNamed && isObject(options);
}

function isEntry(value: unknown): value is Entry {
  if (!isObject(value) || typeof value.image !== 'string') return false;
  const { bytes, outputs, code, error } = value;
  if (error !== undefined) {
    return typeof error === 'string' && typeof code === 'string' && Object.hasOwn(ERRORS, code);
  }
  return isWhole(bytes) && Array.isArray(outputs) && outputs.every(isOutput);
}

/** Names lead nowhere else. */
function isOutput(value: unknown): value is OutputFile {
  if (!isObject(value)) return false;
  const { file, bytes, sha256: hash } = value;
  const isName =
    typeof file === 'string' && file !== '' && basename(file) === file && !/^\.{1,2}$|\0/.test(file);
  return isName && isWhole(bytes) && isHash(hash);
}

const isEnding = (value: unknown): value is Ending =>
  isObject(value) && isWhole(value.images) && isWhole(value.failures);
