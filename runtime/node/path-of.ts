import { fileURLToPath } from 'node:url';
import { badUsage, reason } from '../../graph/common/errors.js';
import { checkArgument, isOf, type Kind, PATH } from '../../graph/common/option-kinds.js';

/** A file or a folder of this machine: its path, or its `file:` URL. */
export type FilePath = string | URL;

const isUrl = isOf('URL') as (file: unknown) => file is URL;

/** Whether something is told by where it is. */
export const isPath = (file: unknown): file is FilePath => typeof file === 'string' || isUrl(file);

const FILE: Kind = ['a path or a file: URL', (file) => PATH[1](file) || isUrl(file)];

/**
 * @param name of the argument
 * @throws NmodeError (BAD_USAGE) for what is not a file of this machine
 */
export function pathOf(file: FilePath, name: string): string {
  checkArgument(name, file, FILE);
  if (typeof file === 'string') return file;
  if (file.protocol !== 'file:') throw badUsage(`${file.href}: expected a file: fetch its bytes first`);
  try {
    return fileURLToPath(file);
  } catch (error) {
    throw badUsage(`${file.href}: not a file of this machine: ${reason(error)}`, { cause: error });
  }
}
