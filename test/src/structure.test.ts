/** The commands on a checkpoint that is known by its structure alone. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openCheckpoint } from '../../exporters/checkpoints/open.js';
import { float32Tensor } from '../../graph/ir/tensor.js';
import { hypothesesIn } from '../../src/api/structure/structure.js';
import { fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-structure-'));
afterAll(() => rmSync(folder, { recursive: true }));

const checkpoint = fixture('plain', 'handwritten.pth');
const reference = fixture('plain', 'handwritten.safetensors');
const RIGHT = '1.act-norm.relu.bare-up.max.up-first';

describe('a U-Net of unknown keys', () => {
  it('is not exported on a guess: the likeliest network is drawn, and the next told apart from it', () => {
    const output = join(folder, 'none.onnx');
    const { status, stderr } = nmode('export', checkpoint, '-o', output);
    expect(status).toBe(2);
    expect(existsSync(output)).toBe(false);
    expect(stderr).toMatch(/^[\w.-]+, the likeliest of \d+:\n {2}enc1\.block\.0: 3 -> 8\n/);
    expect(stderr).toMatch(/\nnext: [\w.-]+: \S+ or \S+\n/);
    expect(stderr).toMatch(
      /\nnmode: handwritten\.pth: its keys are those of no known network, .*--reference.*--assume/,
    );
  });

  it('is exported as assumed where a user says so, and every command tells', () => {
    const output = join(folder, 'assumed.onnx');
    const { status, stdout } = nmode(
      'export',
      checkpoint,
      '-o',
      output,
      '--assume',
      RIGHT,
      '--head',
      'none',
      '--size',
      '64x64',
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`assumed +structure ${RIGHT} \\(--assume\\); .*; not verified`));
    expect(nmode('inspect', output).stdout).toMatch(new RegExp(`assumed +structure ${RIGHT} \\(--assume\\)`));
    for (const others of [
      ['inspect', '--skips'],
      ['bench', '--runs', '1', '--size', '64x64'],
    ]) {
      const { stdout: told } = nmode(...others, output);
      expect(told).toMatch(new RegExp(`assumed:? +structure ${RIGHT} \\(--assume\\)`));
    }
    const verified = nmode('verify', output, '--reference', reference, '--atol', '1e-4');
    expect(verified.stdout).toMatch(new RegExp(`\\nassumed: structure ${RIGHT} \\(--assume\\)\\n$`));
    expect(verified.status).toBe(0);
    const masks = nmode(
      'predict',
      output,
      fixture('images', 'ISIC_0000082.jpg'),
      '--head',
      'sigmoid',
      '-o',
      folder,
    );
    expect(masks.stderr + masks.stdout).toMatch(new RegExp(`structure ${RIGHT} \\(--assume\\)`));
  });

  it('is exported as proven with a reference, which may be of another size', () => {
    const output = join(folder, 'proven.onnx');
    const { status, stdout } = nmode('export', checkpoint, '-o', output, '--reference', reference, '--json');
    expect(status).toBe(0);
    const { assumed, verified, input, architecture, notes } = JSON.parse(stdout);
    expect(assumed[0]).toEqual({ what: 'structure', value: RIGHT, option: 'assume', verified: true });
    expect(architecture['nmode.structure']).toBe(RIGHT);
    expect(input).toEqual([1, 3, 256, 256]);
    expect(verified.of).toBe('network');
    expect(notes).toContain(
      'verified at 64x64, the size of the reference and not of the model: to verify the file itself, export with --size 64x64, or for any size with export --dynamic',
    );
    expect(nmode('verify', output, '--reference', reference)).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(
        /or export the model with --size 64x64, or for any size with export --dynamic\n$/,
      ),
    });
  });

  it('takes no hypothesis that there is none of, and known networks none at all', () => {
    expect(nmode('export', checkpoint, '-o', join(folder, 'x.onnx'), '--assume', '99.none').stderr).toMatch(
      /nmode: handwritten\.pth: --assume 99\.none: there is no such hypothesis; the likeliest is [\w.-]+\n$/,
    );
    const known = fixture('cases', 'original.zip.pth');
    expect(nmode('export', known, '-o', join(folder, 'x.onnx'), '--assume', RIGHT).stderr).toMatch(
      /--assume does not apply: its keys are those of unet\n$/,
    );
    expect(
      nmode('export', known, '-o', join(folder, 'x.onnx'), '--assume', RIGHT, '--backbone', 'unet').stderr,
    ).toMatch(/--assume cannot be combined with --backbone: both say what the network is\n$/);
  });

  it('is found below a prefix, and below several where a user says which', async () => {
    const { tensors, ...checkpoint } = await openCheckpoint(fixture('plain', 'handwritten.pth'));
    const under = (...prefixes: string[]) => ({
      ...checkpoint,
      tensors: new Map([
        ...prefixes.flatMap((prefix) =>
          Array.from(tensors, ([key, tensor]) => [prefix + key, tensor] as const),
        ),
        ['loss.pos_weight', float32Tensor([1], [1])] as const,
      ]),
    });
    const [id] = hypothesesIn({ ...checkpoint, tensors }).all.map((each) => each.id);
    expect(hypothesesIn(under('net.')).all[0]?.id).toBe(id);
    expect(hypothesesIn(under('lit.net.')).all[0]?.id).toBe(id);
    expect(() => hypothesesIn(under('net.', 'ema.'))).toThrow(
      /^handwritten\.pth: it may hold 2 plain U-Nets, below 'net\.', 'ema\.': choose one with `prefix`$/,
    );
  });

  it('is drawn by inspect', () => {
    const { stdout } = nmode('inspect', checkpoint);
    expect(stdout).toMatch(
      /\na plain U-Net by its shapes, the likeliest of \d+: [\w.-]+\n {2}enc1\.block\.0: 3 -> 8\n/,
    );
  });
});
