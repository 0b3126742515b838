import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { withAssumptions } from '../../exporters/assembly/assumptions.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import { parseModel } from '../../graph/file/read.js';
import { encodeModel } from '../../graph/file/write.js';
import { float32Values, type Tensor } from '../../graph/ir/tensor.js';
import { createSession } from '../../runtime/node/sessions/session.js';
import { exportModel } from '../../src/api/export.js';
import { graft } from '../../src/api/graft.js';
import { inspect } from '../../src/api/inspect.js';
import { proposeSkips } from '../../src/api/skips.js';
import { verify } from '../../src/api/verify.js';
import { safetensors } from '../support/craft.js';
import { fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';
import { seeded } from '../support/seeded.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-assumed-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (name: string) => join(folder, name);

const checkpoint = fixture('cases', 'original.zip.pth');
const size = { batch: 1, height: 32, width: 48 };

interface Floats {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

function floatsOf(tensor: Tensor | undefined): Floats {
  if (tensor === undefined) throw new Error('no such tensor');
  return { dims: tensor.dims, data: float32Values(tensor) };
}

/** A reference file of an input and an output. */
function referenceFile(name: string, input: Floats, mask: Floats): string {
  const [taken, given] = [4 * input.data.length, 4 * mask.data.length];
  const header = {
    input: { dtype: 'F32', shape: input.dims, data_offsets: [0, taken] },
    mask: { dtype: 'F32', shape: mask.dims, data_offsets: [taken, taken + given] },
  };
  const bytes = [input, mask].map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  writeFileSync(out(name), safetensors(header, Buffer.concat(bytes)));
  return out(name);
}

const settings = await readReference(fixture('settings', 'outputs.safetensors'));
const input = floatsOf(seeded('input', [1, 3, 32, 48]));
const leaky = referenceFile('leaky.safetensors', input, floatsOf(settings.get('unet-leaky-relu:0.1')));

const LINE =
  'head sigmoid (--head); pooling max (--pooling); BatchNorm eps 1e-5 (--bn-eps); padding zeros (--padding); upsampling bilinear (--upsample); align_corners true (--align-corners); strides, dilations and all else of unet (--backbone)';

const RECIPE = "min-max, resized to 32x48, but Pytorch-UNet's own training code divides by 255 (unit)";

describe('what an export assumes', () => {
  it('is one line, not verified without a reference and verified with one; in the model, too', () => {
    const args = ['export', checkpoint, '--size', '32x48', '--backbone-activation', 'leaky-relu:0.1'];
    const plain = nmode(...args, '-o', out('plain.onnx'));
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    expect(plain.stdout).toContain(`\nassumed    ${LINE}; not verified: give --reference\n`);
    expect(plain.stdout).toContain(`\nrecipe     ${RECIPE} (assumed: --recipe)\n`);
    const photograph = fixture('images', 'ISIC_0000082.jpg');
    expect(nmode('predict', out('plain.onnx'), photograph, '-o', out('masks')).stdout).toContain(
      `\nassumed   recipe ${RECIPE} (--recipe)\n`,
    );
    const proven = nmode(...args, '-o', out('proven.onnx'), '--reference', leaky);
    expect(proven).toMatchObject({ status: 0, stderr: '' });
    expect(proven.stdout).toContain(`\nassumed    ${LINE}; verified by the reference\n`);
    const { stdout } = nmode('inspect', out('plain.onnx'));
    expect(stdout).toContain(`${LINE}; not verified`);
    expect(stdout).toMatch(/^note +the cost is that of the rewritten graph: export and slim report/m);
    expect(nmode('inspect', out('proven.onnx')).stdout).toContain(`${LINE}; verified by the reference`);
  });

  it.each([
    [[], 'size, nativeSize'],
    [['--dynamic'], 'recipe'],
  ])('has the size where nobody says it: %j', (flags, way) => {
    const photograph = fixture('images', 'ISIC_0000082.jpg');
    const args = ['export', checkpoint, '--recipe', 'unit', '-o', out('sized.onnx')];
    const said = 'size 256x256 (--size, --native-size)';
    expect(nmode(...args, ...flags).stdout).toContain(
      `\nrecipe     unit, resized to 256x256; assumed ${said}\n`,
    );
    const report = nmode('predict', out('sized.onnx'), photograph, '-o', out('masks'), '--json').stdout;
    expect(JSON.parse(report).assumed).toEqual([{ what: 'size', value: '256x256', option: way }]);
    // Who says only how images are normalized says nothing of their size.
    nmode('optimize', out('sized.onnx'), '-o', out('optimized.onnx'), '--recipe', 'imagenet');
    const again = nmode('predict', out('optimized.onnx'), photograph, '-o', out('masks'), '--json').stdout;
    expect(JSON.parse(again).assumed).toEqual([{ what: 'size', value: '256x256', option: way }]);
  });

  it('has the recipe of a model that is optimized without one, with the option that says it', () => {
    const args = ['optimize', fixture('foreign', 'opset9.onnx'), '-o', out('lifted.onnx'), '--opset', '17'];
    expect(nmode(...args, '--optimize', 'none').stdout).toContain(
      'images    min-max, resized to 64x64; assumed, since the model has no recipe (--recipe)\n',
    );
  });

  it('has no size that somebody says', () => {
    const args = ['export', checkpoint, '--recipe', 'unit', '-o', out('said.onnx')];
    for (const flags of [['--size', '64x64'], ['--native-size']]) {
      const { assumed } = JSON.parse(nmode(...args, ...flags, '--json').stdout);
      expect(assumed).not.toContainEqual(expect.objectContaining({ what: 'size' }));
    }
  });

  it('is parted by a reference of logits, which shows all but the head', async () => {
    const args = ['export', checkpoint, '--size', '32x48'];
    nmode(...args, '-o', out('bare.onnx'), '--head', 'none');
    await using session = await createSession(out('bare.onnx'));
    const { mask } = await session.run({ input }, { type: 'float32' });
    if (mask === undefined) throw new Error('no logits');
    const logits = referenceFile('logits.safetensors', input, mask);
    const { stdout } = nmode(...args, '-o', out('headed.onnx'), '--reference', logits);
    const parted =
      'head sigmoid (--head); not verified, since the reference holds logits. Verified by the reference: pooling max (--pooling); ';
    expect(stdout).toContain(`\nassumed    ${parted}`);
    expect(nmode('inspect', out('headed.onnx')).stdout).toContain(parted);
  });

  it('is a list in the report, the metadata and what inspect returns', async () => {
    const report = await exportModel({
      checkpoint,
      output: out('report.onnx'),
      size,
      reference: leaky,
      backboneActivation: 'leaky-relu:0.1',
    });
    expect(report.assumed).toContainEqual({
      what: 'pooling',
      value: 'max',
      option: 'pooling',
      verified: true,
    });
    // A reference holds prepared pixels: it says nothing of how images are prepared.
    expect(report.assumed.filter(({ verified }) => !verified)).toEqual([
      { what: 'recipe', value: RECIPE, option: 'recipe', verified: false },
    ]);
    expect(JSON.parse(report.architecture['nmode.assumed'] ?? '')).toEqual(report.assumed);
    expect(JSON.parse(report.architecture['nmode.verified'] ?? '')).toEqual({ atol: 1e-5, rtol: 0 });
    expect(await inspect(out('report.onnx'))).toMatchObject({ assumed: report.assumed });
    expect(await inspect(checkpoint)).toMatchObject({
      assumed: expect.arrayContaining([{ what: 'pooling', value: 'max', option: 'pooling' }]),
    });
  });

  it('is told where a model misses a reference, by export and by verify', async () => {
    await exportModel({ checkpoint, output: out('wrong.onnx'), size });
    const said =
      /assumed: head sigmoid \(--head\); pooling max \(--pooling\); activation relu \(--backbone-activation\); .*of unet \(--backbone\)\n$/;
    const exported = nmode(
      'export',
      checkpoint,
      '-o',
      out('never.onnx'),
      '--size',
      '32x48',
      '--reference',
      leaky,
    );
    expect(exported).toMatchObject({ status: 1, stderr: expect.stringMatching(said) });
    const verified = nmode('verify', out('wrong.onnx'), '--reference', leaky);
    expect(verified).toMatchObject({ status: 1, stderr: expect.stringMatching(said) });
    expect(verified.stderr).not.toContain('--recipe');
    // What rounding gives says nothing against it.
    const right = referenceFile('right.safetensors', input, floatsOf(settings.get('unet-average')));
    await exportModel({ checkpoint, output: out('right.onnx'), size, pooling: 'average' });
    const { pass, hints } = await verify({ model: out('right.onnx'), reference: right, atol: 0 });
    expect({ pass, hints }).toEqual({ pass: false, hints: [] });
  });

  it('is what a model says, unless it says it in no such way', async () => {
    const path = out('odd.onnx');
    await exportModel({ checkpoint, output: path, size });
    const model = parseModel(readFileSync(path), path);
    for (const text of ['{', '7', '[1]', '[{"what":1}]', '{"length":1}']) {
      const metadata = new Map([...model.metadata, ['nmode.assumed', text]]);
      writeFileSync(path, encodeModel({ ...model, metadata }));
      expect(await inspect(path)).toMatchObject({ assumed: [] });
      expect(nmode('inspect', path).stdout).toContain(`nmode.assumed        ${text}\n`);
    }
    writeFileSync(path, encodeModel(withAssumptions(model, [])));
    expect(nmode('inspect', path).stdout).not.toContain('\nassumed ');
  });
});

it('a graft tells what it assumes of its decoder, and takes what it is told', async () => {
  const model = fixture('foreign', 'unet.onnx');
  const weights = fixture('cases', 'nmode-CR_B.zip.pth');
  const skips = JSON.parse(nmode('inspect', model, '--skips', '--json').stdout).skips.map(
    ({ tensor }: { tensor: string }) => tensor,
  );
  const told = {
    model,
    weights,
    skips,
    decoder: 'lmd',
    activation: 'gelu',
    output: out('graft.onnx'),
  } as const;
  const options = ({ assumed }: { readonly assumed: readonly { readonly option: string }[] }) =>
    assumed.map(({ option }) => option);
  expect(options(await graft(told))).toEqual([
    ...['head', 'lmdForm', 'blockActivation', 'bnEps', 'padding', 'upsample', 'alignCorners'],
  ]);
  const report = await graft({ ...told, head: 'none', lmdForm: 'release', bnEps: 1e-3, upsample: 'nearest' });
  expect(options(report)).toEqual(['blockActivation', 'padding']);
  expect(report.metadata).toMatchObject({ 'nmode.bn_eps': '1e-3', 'nmode.upsampling': 'nearest' });
});

it('a graft onto a model of this package keeps what was assumed of its encoder', async () => {
  const [weights, model] = [fixture('cases', 'nmode-CR_B.zip.pth'), out('encoder.onnx')];
  const told = { decoder: 'eed', activation: 'gelu' } as const;
  await exportModel({ checkpoint: weights, output: model, size, level: 'none', bnEps: 1e-3, ...told });
  const skips = (await proposeSkips(model)).skips.map(({ tensor }) => tensor);
  const { assumed } = await graft({ model, weights, skips, output: out('regrafted.onnx'), ...told });
  expect(assumed.map(({ option }) => option)).toEqual([
    ...['pooling', 'backboneActivation', 'backbone', 'recipe'],
    ...['head', 'blockActivation', 'bnEps', 'padding', 'upsample', 'alignCorners'],
  ]);
});

describe('logits', () => {
  const logits = out('logits.onnx');
  const SCALE = 2e5;

  /** A reference of logits that are off by a share of the largest; weights as they are give some of about 1. */
  async function referenceOff(
    share: number,
  ): Promise<{ readonly reference: string; readonly largest: number }> {
    await exportModel({ checkpoint, output: logits, size, head: 'none' });
    await using session = await createSession(readFileSync(logits));
    const { mask } = await session.run({
      input: { data: input.data.map((x) => x * SCALE), dims: input.dims },
    });
    if (!(mask?.data instanceof Float32Array)) throw new Error('no mask');
    const largest = mask.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scaled = { dims: input.dims, data: input.data.map((x) => x * SCALE) };
    const data = mask.data.map((value) => value + share * largest);
    return {
      reference: referenceFile('logits.safetensors', scaled, { dims: mask.dims, data }),
      largest,
    };
  }

  it('are held to a share of the largest of them, which is told', async () => {
    const { reference, largest } = await referenceOff(5e-6);
    expect(largest).toBeGreaterThan(10);
    const args = ['export', checkpoint, '-o', logits, '--size', '32x48', '--head', 'none'];
    const run = nmode(...args, '--reference', reference);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(/\nverified .* \(logits up to \S+: 1e-5 of that is allowed, \S+\)\n/);
    // A tolerance that is told is the one that holds.
    expect(nmode(...args, '--reference', reference, '--atol', '1e-5')).toMatchObject({ status: 1 });
    expect(nmode(...args, '--reference', reference, '--atol', '1e-5', '--rtol', '1e9').status).toBe(0);
    expect(nmode(...args, '--reference', (await referenceOff(1e-3)).reference).status).toBe(1);
  });

  it('that miss by their scale alone are told the tolerance that allows it, which does', async () => {
    const { reference } = await referenceOff(5e-6);
    const missed = await verify({ model: logits, reference });
    expect(missed.pass).toBe(false);
    const [hint = ''] = missed.hints;
    expect(missed.hints).toHaveLength(1);
    expect(hint).toMatch(
      /^logits, not probabilities: off by \S+ where the largest is \S+, relative 5\.\de-6: `\w+: \S+` allows it$/,
    );
    const [, flag = '', value = ''] = /`(\w+): (\S+)` allows it$/.exec(hint) ?? [];
    expect(await verify({ model: logits, reference, [flag]: Number(value) })).toMatchObject({
      pass: true,
      hints: [],
    });
    expect(nmode('verify', logits, '--reference', reference).stderr).toContain(
      hint.replace(`\`${flag}: ${value}\``, `--${flag} ${value}`),
    );
  });

  it('are not what a reference of probabilities holds, and the other way round', async () => {
    const probabilities = referenceFile('p.safetensors', input, floatsOf(settings.get('unet-average')));
    await exportModel({ checkpoint, output: logits, size, head: 'none' });
    const { hints } = await verify({ model: logits, reference: probabilities });
    expect(hints[0]).toMatch(/lie within \[0, 1\], as probabilities do, and the model gives logits: `head`/);
  });
});

it.each([
  [
    ['--backbone-activation', 'mish'],
    /Expected relu, relu6, leaky-relu\[:slope\], .* for example leaky-relu:0\.1/,
  ],
  [['--bn-eps', '2'], /Expected a number from 0 to 1, for example 1e-3/],
  [['--upsample', 'nearest', '--no-align-corners'], /--align-corners applies only to bilinear upsampling/],
  [['--block-activation', 'gelu'], /original\.zip\.pth: --block-activation does not apply/],
])('export %j exits 2 and says why', (flags, says) => {
  const run = nmode('export', checkpoint, '-o', out('no.onnx'), ...flags);
  expect(run).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(says) });
  expect(run.stderr.split('\n')).toHaveLength(2);
});

it('a tolerance without a reference, and what is none, is refused', async () => {
  const told = { checkpoint, output: out('no.onnx'), size };
  await expect(exportModel({ ...told, atol: 1e-3 })).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: '`atol` requires `reference`',
  });
  for (const rtol of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    await expect(exportModel({ ...told, rtol, reference: leaky })).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: `\`rtol: ${rtol}\`, expected a number of at least 0`,
    });
  }
});
