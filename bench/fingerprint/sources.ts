import { computedSources } from './computed.js';
import type { Folder, Source } from './source.js';
import { storedSources } from './stored.js';

/** Whatever is made of fixtures/. */
export const sources = (folder: Folder): readonly Source[] => [
  ...storedSources(),
  ...computedSources(folder),
];
