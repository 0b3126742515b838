import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sources } from '../../bench/fingerprint/sources.js';
import { fixture } from '../support/fixtures.js';

const WEIGHTS = /\.(pth|pt|ckpt|tar|pkl|onnx|safetensors)$/;

/** Inputs and outputs, and gradients. */
const NUMBERS =
  /(^|[./])(io|outputs|reference|arrays|units|rules|steps)\.safetensors$|^(smp\/(encoders|nmode)|plain\/handwritten)\.safetensors$/;

const all = sources((name) => join('nowhere', name));

describe('what npm run fingerprint looks at', () => {
  it('is made of every checkpoint and every model in fixtures/', () => {
    const files = readdirSync(fixture(), { recursive: true, encoding: 'utf8' }).map((path) =>
      path.replaceAll('\\', '/'),
    );
    const wanted = files.filter((path) => WEIGHTS.test(path) && !NUMBERS.test(path));
    expect([...new Set(all.flatMap(({ reads }) => reads))].sort()).toEqual(wanted.sort());
  });

  it('has lines in the list', () => {
    const lines = readFileSync(fixture('fingerprint.txt'), 'utf8').trimEnd().split('\n');
    const listed = new Set(lines.map((line) => line.split(/ +/).at(-4)));
    expect([...listed].sort()).toEqual(all.map(({ name }) => name).sort());
  });
});
