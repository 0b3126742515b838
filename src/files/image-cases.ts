import { readdir } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { badImage, badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { bytewise } from './bytewise.js';

/** An image whose channels are in files of their own. */
export interface ImageCase {
  readonly name: string;
  /** In the order of the channels. */
  readonly files: readonly string[];
}

/** What stands for the name of an image in the patterns of its files. */
const PLACE = '{case}';

/**
 * Whether the files of channels are told by patterns, of many images, and not by their names, of one.
 * @throws NmodeError (BAD_USAGE) where they are told by both, or by none
 */
export function arePatterns(inputs: readonly string[]): boolean {
  const usage = (why: string) => badUsage(`${option('inputs')}: ${why}`);
  if (inputs.length === 0 || inputs.includes('')) throw usage('the name of a file is empty');
  const patterns = inputs.filter((input) => input.includes(PLACE));
  if (patterns.length === 0) return false;
  if (patterns.length < inputs.length)
    throw usage(`${PLACE} is in some of ${inputs.join(', ')}, and not in all`);
  const wrong = patterns.find(
    (pattern) => basename(pattern).split(PLACE).length !== 2 || dirname(pattern).includes(PLACE),
  );
  if (wrong !== undefined) throw usage(`${wrong} holds ${PLACE} elsewhere than once in the name of the file`);
  return true;
}

/** The one image of files that are told by their names; it is called as the first is. */
export function caseOf(inputs: readonly string[]): ImageCase {
  const [first = ''] = inputs;
  return { name: parse(first).name, files: inputs };
}

/** Images whose channels are in files of their own, and those that lack some. */
export interface FoundCases {
  readonly cases: readonly ImageCase[];
  readonly failures: readonly { readonly name: string; readonly error: NmodeError }[];
}

/** How nnU-Net names the files of an image's channels: NAME_0000.png, NAME_0001.png. */
const CHANNEL_FILE = /^(.+)(_\d{4}\.[^.]+)$/;

export const isChannelFile = (path: string): boolean => CHANNEL_FILE.test(basename(path));

/** The images of files that are named as nnU-Net names channels. One lacks a file that is there of another. */
export function casesOf(files: readonly string[]): FoundCases {
  const images = new Map<string, Map<string, string>>();
  for (const file of files) {
    const [, name = '', ending = ''] = CHANNEL_FILE.exec(basename(file)) ?? [];
    const image = images.get(join(dirname(file), name)) ?? new Map<string, string>();
    images.set(join(dirname(file), name), image.set(ending, file));
  }
  const endings = [...new Set([...images.values()].flatMap((image) => [...image.keys()]))].sort(bytewise);
  const all = Array.from(images, ([path, image]) => {
    const name = basename(path);
    const missing = endings.filter((ending) => !image.has(ending)).map((ending) => `${name}${ending}`);
    return { name, files: endings.flatMap((ending) => image.get(ending) ?? []), missing };
  });
  return foundAmong(all);
}

/** An image, complete or not. */
interface Candidate extends ImageCase {
  /** The names of the files that are not there. */
  readonly missing: readonly string[];
}

function foundAmong(candidates: readonly Candidate[]): FoundCases {
  const lacking = candidates.filter(({ missing }) => missing.length > 0);
  return {
    cases: candidates.filter(isComplete).map(({ name, files }) => ({ name, files })),
    failures: lacking.map(({ name, missing }) => {
      const are = missing.length > 1 ? 'are' : 'is';
      return { name, error: new NmodeError('BAD_IMAGE', `${name}: ${missing.join(' and ')} ${are} missing`) };
    }),
  };
}

const isComplete = ({ missing }: Candidate) => missing.length === 0;

/**
 * The images of a folder whose channels are in files by patterns such as `{case}_0000.png`, sorted.
 * @param folder what patterns are relative to
 * @returns also those that lack a file, and which
 * @throws NmodeError: BAD_USAGE for what is no pattern; BAD_IMAGE where there is no such file, or the folder cannot be read
 */
export async function findCases(folder: string, patterns: readonly string[]): Promise<FoundCases> {
  if (!arePatterns(patterns)) {
    throw badUsage(`${option('inputs')}: for the images of a folder, expected patterns with ${PLACE}`);
  }
  const found = await Promise.all(patterns.map((pattern) => namesBy(join(folder, pattern))));
  const names = [...new Set(found.flatMap((files) => [...files.keys()]))].sort(bytewise);
  if (names.length === 0) throw badImage(`${folder}: it holds no file by ${patterns.join(', ')}`);
  const candidates = names.map((name): Candidate => {
    const missing = patterns.filter((_, index) => !found[index]?.has(name));
    return {
      ...{ name, files: found.flatMap((files) => files.get(name) ?? []) },
      missing: missing.map((pattern) => basename(pattern).replace(PLACE, name)),
    };
  });
  const used = new Set(candidates.filter(isComplete).flatMap(({ files }) => files));
  return foundAmong(
    candidates.filter((each) => isComplete(each) || !each.files.every((file) => used.has(file))),
  );
}

/** The same where none may lack a file. @throws NmodeError (BAD_IMAGE, BAD_USAGE) */
export async function completeCases(
  folder: string,
  patterns: readonly string[],
): Promise<FoundCases['cases']> {
  const { cases, failures } = await findCases(folder, patterns);
  for (const { error } of failures) throw error;
  return cases;
}

/** The files of a pattern, by the names that stand in its place. */
async function namesBy(pattern: string): Promise<ReadonlyMap<string, string>> {
  const folder = dirname(pattern);
  const [before = '', after = ''] = basename(pattern).split(PLACE);
  try {
    const files = await readdir(folder);
    const named = files.filter(
      (file) =>
        file.startsWith(before) &&
        file.endsWith(after) &&
        file.length > before.length + after.length &&
        !file.startsWith('.'),
    );
    return new Map(
      named.map((file) => [file.slice(before.length, file.length - after.length), join(folder, file)]),
    );
  } catch (error) {
    const problem = reason(error)
      .replace(/, scandir '.*'$/s, '')
      .replace(/^.*ENOTDIR: .*$/s, 'it is not a folder, where patterns look for files');
    throw badImage(`${folder}: cannot be read: ${problem}`, { cause: error });
  }
}
