import { describe, it } from '@jest/globals';
import { fuzz } from './fuzz.js';
import { READERS } from './readers/index.js';

describe('whatever a stranger sends is read, or refused in one line of our own', () => {
  it.each(READERS.map((reader) => [reader.name, reader] as const))(
    '%s',
    (_, reader) => fuzz(reader, 1_000),
    300_000,
  );
});
