import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { encodeSafetensors } from '../../../exporters/checkpoints/write-safetensors.js';
import { float32Tensor } from '../../../graph/ir/tensor.js';
import { verify } from '../../../src/api/verify.js';
import { fixture } from '../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-hints-'));
const SIDE = 32;

afterAll(() => rmSync(folder, { recursive: true }));

/** A reference that gives one value everywhere. */
function constant(taken: string, channels: number, value: number): string {
  const path = join(folder, `${value}.safetensors`);
  const tensors = {
    [taken]: float32Tensor([1, 3, SIDE, SIDE], new Float32Array(3 * SIDE ** 2)),
    expected: float32Tensor([1, channels, SIDE, SIDE], new Float32Array(channels * SIDE ** 2).fill(value)),
  };
  writeFileSync(path, encodeSafetensors(new Map(Object.entries(tensors))));
  return path;
}

/** Models of other programs say nothing of a head: their last operator does. */
it.each([
  ['unet.onnx', 1, -4, /^the reference's outputs leave \[0, 1\], so that they are logits/],
  ['lraspp.onnx', 2, 0.5, /^the reference's outputs lie within \[0, 1\], .* and the model gives logits/],
] as const)(
  '%s, which no metadata describe, is told from a reference of the other kind',
  async (file, channels, value, hint) => {
    const model = fixture('foreign', file);
    const { pass, hints } = await verify({ model, reference: constant('image', channels, value) });
    expect(pass).toBe(false);
    expect(hints).toEqual([expect.stringMatching(hint)]);
  },
);
