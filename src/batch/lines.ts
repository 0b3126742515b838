import { closeSync, openSync, readSync } from 'node:fs';
import { badUsage } from '../../graph/common/errors.js';

/** Bytes of a file that are read at a time, and of the longest line. */
const [CHUNK, MAX_LINE] = [2 ** 16, 2 ** 24];

/**
 * The lines of a text file, without holding it or keeping it open: manifests of a thousand shards are read side by side.
 * @returns what stands behind the last line feed is no line
 * @throws NmodeError (BAD_USAGE) for a line of more than 16 MiB; what the file system says
 */
export function* linesOf(path: string): Generator<string, void, undefined> {
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
