import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { badImage, reason } from '../../graph/common/errors.js';
import { isVolumeName, NO_VOLUMES } from '../../runtime/images/files/volumes.js';
import { IMAGE_EXTENSIONS } from '../../runtime/node/images/files.js';
import { type FilePath, pathOf } from '../../runtime/node/path-of.js';
import { bytewise } from './bytewise.js';

/**
 * The image itself, or the images in a folder (not searched deeper, hidden files aside), sorted bytewise.
 * @throws NmodeError: BAD_IMAGE where there is none; BAD_USAGE for what is no path
 */
export async function findImages(path: FilePath): Promise<readonly string[]> {
  const place = pathOf(path, 'path');
  try {
    const stats = await stat(place);
    if (stats.isFile()) return [place];
    if (!stats.isDirectory()) throw new Error('it is neither a file nor a folder');
    return await imagesIn(place);
  } catch (error) {
    const problem = reason(error).replace(/, (stat|scandir) '.*'$/s, '');
    throw badImage(`${place}: cannot be read: ${problem}`, { cause: error });
  }
}

async function imagesIn(folder: string): Promise<readonly string[]> {
  const all = await readdir(folder);
  const files = all.filter(
    (file) => !file.startsWith('.') && IMAGE_EXTENSIONS.includes(extname(file).toLowerCase()),
  );
  if (files.length === 0) {
    const volume = all.find(isVolumeName);
    const more = volume === undefined ? '' : `, but ${volume}, and ${NO_VOLUMES}`;
    throw new Error(`it holds no ${IMAGE_EXTENSIONS.join(', ')}${more}`);
  }
  return files.sort(bytewise).map((file) => join(folder, file));
}
