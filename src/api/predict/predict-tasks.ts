import { join, parse, resolve } from 'node:path';
import { at } from '../../../graph/common/at.js';
import { badImage, badUsage, type NmodeError } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import type { Recipe } from '../../../graph/recipe/recipe.js';
import type { ChannelFiles } from '../../../runtime/node/images/channels.js';
import { MAX_FILE_BYTES } from '../../../runtime/node/images/files.js';
import { findImages } from '../../files/find-images.js';
import {
  arePatterns,
  caseOf,
  casesOf,
  type FoundCases,
  findCases,
  type ImageCase,
  isChannelFile,
} from '../../files/image-cases.js';

/** Which images are to be segmented. */
export interface ImageOptions {
  /** Image files, and folders of them (not searched deeper); `-` for standard input. With `inputs`, folders alone, or none. */
  readonly images: readonly string[];
  /**
   * One file per channel of an image, in channel order: names for a single image, or patterns such as `{case}_0000.png`, which are
   * looked up in each folder.
   */
  readonly inputs?: readonly string[];
}

/** An image to segment, by the name that its outputs get. */
export interface Task {
  readonly image: string;
  /** Relative to the folder that it is in; of channels in files of their own, what stands for `{case}`. */
  readonly path: string;
  readonly name: string;
  readonly source: ChannelFiles;
}

/** An image that lacks files; without `path`, a file or folder that cannot be read. */
export interface Unfound {
  readonly image: string;
  readonly path?: string;
  readonly error: NmodeError;
}

/** What there is to do. */
export interface FoundTasks {
  readonly tasks: readonly Task[];
  readonly unfound: readonly Unfound[];
}

/** The files of an image; none of what comes on standard input. */
export function filesOfTask({ image, source }: Task): readonly string[] {
  if (typeof source === 'string') return [source];
  return Array.isArray(source) ? source.filter((file) => typeof file === 'string') : [image];
}

/**
 * @param naming how the model says that files of channels are named
 * @throws NmodeError: BAD_USAGE where two images have one name; BAD_IMAGE for what standard input has too much of
 */
export async function findTasks(
  { images: paths, inputs }: ImageOptions,
  naming?: Recipe['files'],
): Promise<FoundTasks> {
  const tasks = new Map<string, Task>();
  const unfound: Unfound[] = [];
  const add = (task: Task) => {
    const other = tasks.get(task.name);
    if (other !== undefined && resolve(other.image) !== resolve(task.image)) {
      throw badUsage(
        `${other.image} and ${task.image} have one name, so that both would write ${task.name}_mask: rename one`,
      );
    }
    tasks.set(task.name, task);
  };
  const addCase = ({ name, files }: ImageCase) =>
    add({ image: at(files, 0), path: name, name, source: files });
  if (inputs !== undefined && !arePatterns(inputs)) {
    if (paths.length > 0) {
      throw badUsage(`${option('inputs')} names the files of one image: give no other images`);
    }
    addCase(caseOf(inputs));
    return { tasks: [...tasks.values()], unfound };
  }
  const addFound = (folder: string, { cases, failures }: FoundCases) => {
    cases.forEach(addCase);
    for (const { name, error } of failures) unfound.push({ image: join(folder, name), path: name, error });
  };
  if (inputs === undefined && paths.length === 0) throw badUsage('no image is given');
  const files: string[] = [];
  for (const path of new Set(inputs !== undefined && paths.length === 0 ? ['.'] : paths)) {
    if (inputs !== undefined) {
      addFound(path, await findCases(path, inputs));
      continue;
    }
    if (path === '-') {
      add({ image: '-', path: '-', name: 'stdin', source: await readStandardInput() });
      continue;
    }
    const found = await findImages(path).catch((error: NmodeError) => {
      unfound.push({ image: path, error });
      return [];
    });
    for (const image of found) files.push(image);
  }
  const isOfChannel = (file: string) => naming === 'nnunet' && isChannelFile(file);
  const channels = files.filter(isOfChannel);
  if (channels.length > 0) addFound('', casesOf(channels));
  for (const image of files) {
    if (isOfChannel(image)) continue;
    const { name, base } = parse(image);
    add({ image, path: base, name, source: image });
  }
  return { tasks: [...tasks.values()], unfound };
}

/** @throws NmodeError (BAD_IMAGE) for more than an image's file may hold */
async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw badImage('standard input: more than 1 GiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
