import { expect } from '@jest/globals';
import { fixture } from './fixtures.js';
import { nmode } from './nmode.js';

/** The checkpoint of the network that is trained. */
export const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');

/** Exports it to a file as it is. */
export function writeUnoptimized(output: string): void {
  const told = ['--decoder', 'eed', '--activation', 'gelu', '--optimize', 'none'];
  expect(nmode('export', trained, '-o', output, ...told)).toMatchObject({ status: 0, stderr: '' });
}
