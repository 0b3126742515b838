import { join } from 'node:path';
import { describe } from '@jest/globals';
import { CHROMIUM, isThere } from './chromium.js';
import { fixture, root } from './fixtures.js';

if (!isThere && process.env.CI !== undefined) throw new Error(`browsers cannot be tested: no ${CHROMIUM}`);
if (!isThere) console.log(`Browsers are not tested here: there is no ${CHROMIUM}; install chromium`);

/** The browser package and the fixtures. */
export const FOLDERS = { '/web/': join(root, 'dist/web'), '/fixtures/': fixture() };

/** Tests that need Chromium. */
export const inBrowser = isThere ? describe : describe.skip;
