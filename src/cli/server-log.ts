import { fstatSync, writeSync } from 'node:fs';

/** Descriptor of standard error. */
const STDERR = 2;

/** Standard error for the log of a server, which is to live on where it cannot be written. */
export function serverLog(): { write(line: string): void } {
  const found = fstatSync(STDERR);
  // What a reader takes at its leisure waits in the stream.
  if (found.isFIFO() || found.isSocket()) return process.stderr;
  // A stream over a file ends with the first error, as of a full disk, and there may be room again.
  return lineWriter((bytes) => writeSync(STDERR, bytes));
}

/**
 * Writes lines whole where it can: a disk that is nearly full takes a part. The next line begins a line also behind one of
 * which a part is missing.
 * @param write tells how many bytes it took, at least one; what it throws is thrown on
 */
export function lineWriter(write: (bytes: Uint8Array) => number): { write(line: string): void } {
  let isCut = false;
  return {
    write(line) {
      let rest = Buffer.from(isCut ? `\n${line}` : line);
      while (rest.length > 0) {
        rest = rest.subarray(write(rest));
        isCut = rest.length > 0;
      }
    },
  };
}

/** Whether lines still wait for the reader of standard output or standard error: a process does not end by itself before. */
export function hasUnread(): boolean {
  return process.stdout.writableLength > 0 || process.stderr.writableLength > 0;
}
