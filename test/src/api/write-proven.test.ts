import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openCheckpoint, readReference } from '../../../exporters/checkpoints/open.js';
import { encodeSafetensors } from '../../../exporters/checkpoints/write-safetensors.js';
import { float32Tensor, float32Values } from '../../../graph/ir/tensor.js';
import { loadModel } from '../../../runtime/node/model.js';
import { exportModel } from '../../../src/api/export.js';
import { safetensors } from '../../support/craft.js';
import { referenceOf as caseReference, cases, fixture } from '../../support/fixtures.js';

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
  const asked =
    'check that the reference was saved after model.eval(), and that `decoder` (several solvers have the same keys), `activation`, the form of the solver, `head` and `key` are those of the training';
  const note = 'note: the reference holds logits: compared before the head, which is not verified';
  const missed = await refusal(probabilities);
  expect(missed).toContain(asked);
  expect(missed).not.toContain(note);
  expect(await refusal(logits)).toContain(`${asked}; ${note}`);
  expect(await refusal(logits, 'none')).not.toContain(note);
  expect(existsSync(join(folder, 'missed.onnx'))).toBe(false);
});

describe('a reference of what the network returns before its head', () => {
  const note = 'the reference holds logits: compared before the head, which is not verified';
  const entry = cases.find(({ name }) => name === 'original-transposed');
  if (entry === undefined) throw new Error('no such case');

  const exported = async (io: 'tensor' | 'image', head?: 'none') => {
    const tensors = await caseReference(entry);
    const [input, mask] = [tensors.get('input'), tensors.get('mask')];
    if (input === undefined || mask === undefined) throw new Error('no such tensors');
    const logits = float32Tensor(
      mask.dims,
      float32Values(mask).map((p) => Math.log(p / (1 - p))),
    );
    const reference = join(folder, 'before-head.safetensors');
    writeFileSync(reference, encodeSafetensors(new Map(Object.entries({ input, mask: logits }))));
    const output = join(folder, `${io}-${head}.onnx`);
    const [, , height, width] = input.dims;
    const report = await exportModel({
      checkpoint: fixture('cases', entry.checkpoint),
      ...{ output, io, reference },
      size: { batch: 1, ...(height && { height }), ...(width && { width }) },
      ...(head && { head }),
    });
    return { report, metadata: (await loadModel(output)).model.metadata };
  };

  it.each(['tensor', 'image'] as const)('proves a model that takes an %s, but not its head', async (io) => {
    const { report, metadata } = await exported(io);
    expect(report.verified).toMatchObject({ pass: true, scaled: true, of: 'network' });
    expect(report.notes).toContain(note);
    expect(metadata.get('nmode.head')).toBe('sigmoid');
    const proofs = new Map(report.assumed.map(({ option, verified }) => [option, verified]));
    expect(proofs.get('head')).toBe(false);
    expect(proofs.get('pooling')).toBe(true);
    expect(metadata.get('nmode.assumed')).toBe(JSON.stringify(report.assumed));
  });

  it('is compared with the file itself where the model returns logits', async () => {
    const { report } = await exported('tensor', 'none');
    expect(report.verified).toMatchObject({ pass: true, of: 'file' });
    expect(report.notes).not.toContain(note);
  });
});

it("what a network says of the whole image may be logits beside its mask's probabilities", async () => {
  const best = join(folder, 'labelled');
  mkdirSync(best);
  const { tensors: all } = await openCheckpoint(fixture('smp', 'best'));
  const tensors = [...all].filter(([, { dtype }]) => dtype === 'float32');
  const config = JSON.parse(readFileSync(fixture('smp', 'best', 'config.json'), 'utf8'));
  const said = [12, -30];
  const classifier = new Map([
    ['classification_head.3.weight', float32Tensor([2, 64], new Float32Array(2 * 64))],
    ['classification_head.3.bias', float32Tensor([2], said)],
  ]);
  writeFileSync(join(best, 'model.safetensors'), encodeSafetensors(new Map([...tensors, ...classifier])));
  writeFileSync(join(best, 'config.json'), JSON.stringify({ ...config, aux_params: { classes: 2 } }));
  const reference = join(folder, 'labelled.io.safetensors');
  const given = await readReference(fixture('smp', 'best.io.safetensors'));
  writeFileSync(reference, encodeSafetensors(new Map([...given, ['label', float32Tensor([1, 2], said)]])));
  const report = await exportModel({
    ...{ checkpoint: best, output: join(folder, 'labelled.onnx'), reference },
    size: { height: 64, width: 32 },
  });
  expect(report.notes).not.toContain(
    'the reference holds logits: compared before the head, which is not verified',
  );
  expect(report.verified).toMatchObject({ pass: true, outputs: { label: { largest: 30 } } });
  expect(report.verified?.outputs.mask?.allowed).toBe(1e-5);
});
