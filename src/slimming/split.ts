import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { at } from '../../graph/common/at.js';
import { badImage, badUsage, commonFault, imageFault, type NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { inOrder } from '../../runtime/common/in-order.js';
import type { ImageRaster } from '../../runtime/common/raster.js';
import { bytewise } from '../files/bytewise.js';
import type { FileWarnings } from '../files/file-warnings.js';
import { grouped } from '../files/grouped.js';
import { FITTING } from './defaults.js';
import { areNearDuplicates, type Glance, glanceAt } from './likeness.js';

export interface ImageSource {
  /** Its path from the folder of the images, with `/` between names; no two have the same. */
  readonly name: string;
  /** @throws NmodeError (BAD_IMAGE) where it cannot be read */
  readonly read: () => Promise<ImageRaster>;
}

export interface SplitOptions {
  /** Share of the images that choose the best weights, between 0 and 1; default 0.2. */
  readonly holdOut?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Parts of the images, each in the bytewise order of names. Near-duplicates are in one part. */
export interface Split<Source> {
  readonly train: readonly Source[];
  /** They choose the best weights, and end the training: figures on these flatter. */
  readonly heldOut: readonly Source[];
  /** They choose nothing: figures on these are what is to be expected of others. */
  readonly test: readonly Source[];
  /** Groups of near-duplicates. */
  readonly duplicates: readonly (readonly Source[])[];
  /** Images that cannot be read, which are in no part. */
  readonly failures: readonly Unread[];
  /** What was skipped or assumed when the others were read. */
  readonly warnings: readonly FileWarnings[];
}

export interface Unread {
  readonly name: string;
  readonly error: NmodeError;
}

/** Three to train on, one to choose by and one to test on. */
const MIN_GROUPS = 5;

/** Images that are decoded at a time. */
const AT_ONCE = 2;

/**
 * Splits images in three parts: to train on, to choose by (`holdOut` of them), and to test on (a tenth, but 8 where there are at least 40,
 * and a fifth of fewer). The same names, seed and pixels give the same parts in whatever order images are given, and an image
 * that is added moves few of the others. Near-duplicates (of another size or compression, brightness or contrast, mirrored or turned by
 * quarters) count as one group, which no two parts share, so that a part may come out a little smaller or larger than its share.
 * @throws NmodeError: BAD_IMAGE for fewer than 5 groups, and where no image can be read; BAD_USAGE
 */
export async function splitImages<Source extends ImageSource>(
  sources: readonly Source[],
  { holdOut = FITTING.holdOut, seed = 0, signal, onProgress }: SplitOptions = {},
): Promise<Split<Source>> {
  checkShare(holdOut);
  const sorted = sources.toSorted((a, b) => bytewise(a.name, b.name));
  const { seen, failures } = await look(sorted, signal, onProgress);
  const groups = await groupsOf(seen, signal);
  refuseFew(seen.length, groups.length);
  const sizes = { test: testSize(seen.length), heldOut: Math.max(1, Math.round(holdOut * seen.length)) };
  refuseShare(holdOut, seen.length, sizes.test);
  const chosen = partsOf(shuffled(groups, seed), sizes);
  const all = seen.map(({ source }) => source);
  return {
    train: all.filter((source) => !chosen.heldOut.has(source) && !chosen.test.has(source)),
    heldOut: all.filter((source) => chosen.heldOut.has(source)),
    test: all.filter((source) => chosen.test.has(source)),
    duplicates: groups.filter(({ length }) => length > 1),
    failures,
    warnings: seen.map(({ source: { name }, warnings }) => ({ name, warnings })),
  };
}

/** Test images from which on there is a tenth of all, and of fewer images the share that is tested on. */
const [USUAL_TEST, TEST_SHARE] = [8, 1 / 5];

/** So many that their figures say something, while most of few are left to train on. */
function testSize(images: number): number {
  return Math.max(Math.round(images / 10), Math.min(USUAL_TEST, Math.floor(TEST_SHARE * images)));
}

/** Figures of fewer images are a matter of chance. */
const TELLING_TEST = 5;

/** What is to be told of figures on some test images: that these are few. */
export function fewTested(test: number): readonly string[] {
  if (test >= TELLING_TEST) return [];
  const tested = test === 1 ? 'one test image' : `${test} test images`;
  return [
    `the figures are of ${tested}, which proves little: of ${USUAL_TEST / TEST_SHARE} images or more, ${USUAL_TEST} at least are tested on`,
  ];
}

function checkShare(holdOut: number): void {
  if (holdOut > 0 && holdOut < 1) return;
  throw badUsage(
    `${option('holdOut', holdOut)}: expected a share of the images between 0 and 1, such as 0.2`,
  );
}

function refuseFew(images: number, groups: number): void {
  if (groups >= MIN_GROUPS) return;
  if (groups === 1 && images > 1) {
    throw badImage(
      `all ${images} images are near-duplicates of one another, so none tells how a network does on others: give images of other patients or scenes`,
    );
  }
  const differ = groups < images ? `, of which ${groups} are no near-duplicates of each other` : '';
  throw badImage(
    `${images === 1 ? 'one image' : `${images} images`}${differ}: expected ${MIN_GROUPS} that differ at least, some to train on, some to choose by and some to test on; a few dozen make a good network`,
  );
}

function refuseShare(holdOut: number, images: number, test: number): void {
  const most = images - test - 1;
  if (Math.round(holdOut * images) <= most) return;
  throw badUsage(
    `${option('holdOut', holdOut)}: of ${images} images, ${test} of which are for testing, it leaves none to train on: expected ${Math.floor((100 * most) / images) / 100} at most`,
  );
}

interface Seen<Source> {
  readonly source: Source;
  readonly glance: Glance;
  readonly warnings: readonly string[];
}

/** Decodes each image. @throws NmodeError where none can be read */
async function look<Source extends ImageSource>(
  sources: readonly Source[],
  signal: AbortSignal | undefined,
  onProgress: SplitOptions['onProgress'],
) {
  const seen: Seen<Source>[] = [];
  const failures: Unread[] = [];
  const glance = async (source: Source): Promise<Seen<Source> | Unread> => {
    signal?.throwIfAborted();
    try {
      const image = await source.read();
      return { source, glance: glanceAt(image), warnings: image.warnings ?? [] };
    } catch (error) {
      return { name: source.name, error: imageFault(error, signal) };
    }
  };
  for await (const outcome of inOrder(sources, AT_ONCE, glance)) {
    if ('error' in outcome) failures.push(outcome);
    else seen.push(outcome);
    onProgress?.(seen.length + failures.length, sources.length);
  }
  const errors = failures.map(({ error }) => error);
  const [first] = errors;
  if (seen.length === 0 && first !== undefined) throw commonFault(errors) ?? first;
  return { seen, failures };
}

/** Groups of images that are near-duplicates of each other, or of others that are. Each group, and the groups, in the order given. */
async function groupsOf<Source>(
  seen: readonly Seen<Source>[],
  signal: AbortSignal | undefined,
): Promise<Source[][]> {
  const parents = seen.map((_, index) => index);
  const rootOf = (index: number): number => {
    let root = index;
    while (at(parents, root) !== root) root = at(parents, root);
    parents[index] = root;
    return root;
  };
  for (const [index, { glance }] of seen.entries()) {
    // There are as many comparisons as pairs.
    if (index % 64 === 63) await nextTurn();
    signal?.throwIfAborted();
    for (let other = 0; other < index; other++) {
      if (areNearDuplicates(glance, at(seen, other).glance)) parents[rootOf(index)] = rootOf(other);
    }
  }
  const groups = grouped(seen.entries(), ([index]) => rootOf(index));
  return Array.from(groups.values(), (group) => group.map(([, { source }]) => source));
}

/** In an order of the seed's, in which each group has its place by its own first name, whatever others there are. */
function shuffled<Source extends ImageSource>(
  groups: readonly (readonly Source[])[],
  seed: number,
): (readonly Source[])[] {
  const placed = groups.map((group) => {
    const place = createHash('sha256')
      .update(`${seed} ${at(group, 0).name}`)
      .digest('hex');
    return { group, place };
  });
  return placed.sort((a, b) => (a.place < b.place ? -1 : 1)).map(({ group }) => group);
}

/** The images of two parts; the largest group is in neither, so that there is something to train on. */
function partsOf<Source>(
  groups: readonly (readonly Source[])[],
  sizes: { readonly test: number; readonly heldOut: number },
) {
  const largest = Math.max(...groups.map(({ length }) => length));
  const reserved = groups.find(({ length }) => length === largest);
  const rest = groups.filter((group) => group !== reserved);
  // One at least is left to choose by.
  const test = fitting(rest, sizes.test, rest.length - 1);
  const others = rest.filter((group) => !test.includes(group));
  return {
    test: new Set(test.flat()),
    heldOut: new Set(fitting(others, sizes.heldOut, others.length).flat()),
  };
}

/** The groups that fit into a part one after another, at most so many; the smallest where none does. */
function fitting<Source>(groups: readonly (readonly Source[])[], size: number, most: number) {
  const taken: (readonly Source[])[] = [];
  let room = size;
  for (const group of groups) {
    if (group.length > room || taken.length === most) continue;
    taken.push(group);
    room -= group.length;
  }
  const smallest = Math.min(...groups.map(({ length }) => length));
  return taken.length > 0 ? taken : groups.filter(({ length }) => length === smallest).slice(0, 1);
}
