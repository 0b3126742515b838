import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { exportModel } from '../../../src/api/export.js';
import { safetensors } from '../../support/craft.js';
import { fixture } from '../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-verified-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SIDE = 32;
const FLOAT_BYTES = 4;

/** A reference that gives `expected` at every pixel of a black image. */
function referenceOf(name: string, expected: number): string {
  const [taken, given] = [3 * SIDE ** 2, SIDE ** 2];
  const values = Float32Array.from({ length: taken + given }, (_, at) => (at < taken ? 0 : expected));
  const entry = (channels: number, from: number, to: number) => ({
    dtype: 'F32',
    shape: [1, channels, SIDE, SIDE],
    data_offsets: [from * FLOAT_BYTES, to * FLOAT_BYTES],
  });
  const header = { input: entry(3, 0, taken), mask: entry(1, taken, taken + given) };
  const path = join(folder, name);
  writeFileSync(path, safetensors(header, new Uint8Array(values.buffer)));
  return path;
}

const refusal = (reference: string, head?: 'none') =>
  exportModel({
    checkpoint: fixture('cases', 'original.zip.pth'),
    output: join(folder, 'missed.onnx'),
    size: { batch: 1, height: SIDE, width: SIDE },
    reference,
    ...(head && { head }),
  }).then(
    () => 'written',
    (error: Error) => error.message,
  );

it('what may be wrong is told where a reference is missed, logits above all', async () => {
  const [probabilities, logits] = [
    referenceOf('probabilities.safetensors', 1),
    referenceOf('logits.safetensors', -9),
  ];
  const asked = 'check that decoder, activation, form of the solver, head and key are those of the training';
  const hint = "note: the reference's outputs leave [0, 1], so that they are logits: save what follows them";
  const missed = await refusal(probabilities);
  expect(missed).toContain(asked);
  expect(missed).not.toContain(hint);
  expect(await refusal(logits)).toContain(`${asked}; ${hint}`);
  expect(await refusal(logits, 'none')).not.toContain(hint);
  expect(existsSync(join(folder, 'missed.onnx'))).toBe(false);
});
