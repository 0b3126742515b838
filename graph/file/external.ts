import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { badModel } from '../common/errors.js';
import type { Tensor } from '../ir/tensor.js';

/** Where the elements of a tensor are: `TensorProto.external_data`. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** Gives the elements of a tensor that are in a file beside the model, read when they are needed. */
export type ReadBeside = (tensor: string, data: ExternalData) => Pick<Tensor, 'bytes' | 'fill'>;

/**
 * Reads what lies in the folder of a model, and nothing outside it.
 * @throws NmodeError (BAD_MODEL) for a file that is not there, is too short, or is elsewhere, by `..` or by a link
 */
export function readingBeside(folder: string): ReadBeside {
  return (tensor, { location, offset, length }) => {
    const refuse = (why: string) => badModel(`tensor '${tensor}' is stored in '${location}', ${why}`);
    const path = within(folder, location, refuse);
    const fill = (target: Uint8Array) => {
      const file = openSync(path, 'r');
      try {
        for (let done = 0; done < length; ) {
          const read = readSync(file, target, done, length - done, offset + done);
          if (read === 0) throw refuse('which became shorter while it was read');
          done += read;
        }
      } finally {
        closeSync(file);
      }
    };
    const stats = statSync(path);
    if (!stats.isFile()) throw refuse('which is not a file');
    if (offset + length > stats.size) {
      throw refuse(`which has ${stats.size} bytes, expected ${length} from ${offset} on`);
    }
    const bytes = () => {
      const read = new Uint8Array(length);
      fill(read);
      return read;
    };
    return { bytes, fill };
  };
}

function within(folder: string, location: string, refuse: (why: string) => Error): string {
  const isOutside = (path: string) => path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
  const outside = "which is not in the model's folder: nothing else is read";
  // What is not written plainly is not looked for.
  if (location === '' || location.includes('\0') || location.includes('\\'))
    throw refuse('which is not a path');
  if (isAbsolute(location) || isOutside(relative(folder, join(folder, location)))) throw refuse(outside);
  try {
    const path = realpathSync(join(folder, location));
    if (!isOutside(relative(realpathSync(folder), path))) return path;
  } catch {
    throw refuse('which is not to be found: it belongs beside the model');
  }
  throw refuse(outside);
}
