import type { Orientation } from './exif.js';

/** A file as it is given to a decoder. */
export interface Mended {
  /** The file itself, where nothing was to be done. Tells no other orientation than 1. */
  readonly bytes: Uint8Array;
  /** How what is decoded is to be turned. */
  readonly orientation: Orientation;
  /** What was put right, and what was taken for what is lacking. */
  readonly warnings: readonly string[];
}
