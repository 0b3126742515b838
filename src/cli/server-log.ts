import { fstatSync, writeSync } from 'node:fs';

/** Descriptor of standard error. */
const STDERR = 2;

/** Standard error for the log of a server, which is to live on where it cannot be written. */
export function serverLog(): { write(line: string): void } {
  const found = fstatSync(STDERR);
  // What a reader takes at its leisure waits in the stream.
  if (found.isFIFO() || found.isSocket()) return process.stderr;
  // A stream over a file ends with the first error, as of a full disk, and there may be room again.
  return { write: (line) => void writeSync(STDERR, line) };
}

/** Whether lines still wait for the reader of standard output or standard error: a process does not end by itself before. */
export function hasUnread(): boolean {
  return process.stdout.writableLength > 0 || process.stderr.writableLength > 0;
}
