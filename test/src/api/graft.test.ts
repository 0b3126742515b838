import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readReference } from '../../../exporters/checkpoints/open.js';
import { encodeSafetensors } from '../../../exporters/checkpoints/write-safetensors.js';
import { float32Tensor, float32Values } from '../../../graph/ir/tensor.js';
import { createSession } from '../../../runtime/node/sessions/session.js';
import { graft as graftModel } from '../../../src/api/graft.js';
import { fixture } from '../../support/fixtures.js';
import { nmode } from '../../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-graft-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (name: string) => join(folder, name);

const lraspp = fixture('foreign', 'lraspp.onnx');
const weights = fixture('foreign', 'lraspp-nmode.safetensors');
const reference = fixture('foreign', 'lraspp-lmd.io.safetensors');
const told = ['--decoder', 'lmd', '--activation', 'gelu'];

/** What `inspect --skips` proposes, ready to paste. */
let skips: string[] = [];
beforeAll(() => {
  const { status, stdout, stderr } = nmode('inspect', lraspp, '--skips');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  skips = stdout.trim().split('\n').at(-1)?.split(' ') ?? [];
});

const graft = (name: string, ...flags: string[]) =>
  nmode('graft', lraspp, ...skips, '-o', out(name), '--weights', weights, ...told, ...flags);

describe('nmode inspect --skips', () => {
  it('proposes the last tensor at each resolution on the way down', () => {
    expect(nmode('inspect', lraspp, '--skips').stdout).toBe(
      `file   lraspp.onnx
input  image N x 3 x H x W (H and W multiples of 16)

scale  shape                  last tensor
  1/2  N x 8 x H/2 x W/2      /backbone/backbone.0/backbone.0.2/HardSwish_output_0
  1/4  N x 24 x H/4 x W/4     /backbone/backbone.2/block/block.0/block.0.2/Relu_output_0
  1/8  N x 24 x H/8 x W/8     /backbone/backbone.4/block/block.0/block.0.2/HardSwish_output_0
 1/16  N x 144 x H/16 x W/16  /backbone/backbone.12/backbone.12.2/HardSwish_output_0

--skips /backbone/backbone.0/backbone.0.2/HardSwish_output_0,/backbone/backbone.2/block/block.0/block.0.2/Relu_output_0,/backbone/backbone.4/block/block.0/block.0.2/HardSwish_output_0,/backbone/backbone.12/backbone.12.2/HardSwish_output_0
`,
    );
  });

  it('as JSON', () => {
    const { stdout } = nmode('inspect', fixture('foreign', 'unet.onnx'), '--skips', '--json');
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      kind: 'skips',
      file: 'unet.onnx',
      input: { name: 'image', shape: ['N', 3, 'H', 'W'] },
      sizeMultiple: 16,
    });
    expect(report.skips.map(({ scale }: { scale: number }) => scale)).toEqual([1, 2, 4, 8, 16]);
    expect(report.skips[4]).toEqual({
      tensor: '/down4/maxpool_conv/maxpool_conv.1/double_conv/double_conv.5/Relu_output_0',
      channels: 16,
      scale: 16,
      shape: ['N', 16, 'H/16', 'W/16'],
    });
  });

  it('is for models that take images', () => {
    expect(nmode('inspect', weights, '--skips')).toMatchObject({
      status: 3,
      stderr:
        'nmode: lraspp-nmode.safetensors: a checkpoint by its extension, expected an .onnx model: export it first\n',
    });
    expect(nmode('inspect', lraspp, '--skips', '--key', 'model')).toMatchObject({ status: 2 });
  });
});

describe('nmode graft', () => {
  it('verifies what it writes against PyTorch, and the file gives masks', () => {
    const run = graft('lmd.onnx', '--reference', reference, '--recipe', 'imagenet', '--json');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const report = JSON.parse(run.stdout);
    expect(report).toMatchObject({
      decoder: 'lmd',
      output: out('lmd.onnx'),
      parameters: 83992,
      opset: 16,
      input: ['N', 3, 'H', 'W'],
      sizeMultiple: 16,
      level: 'none',
      precision: 'fp32',
      verified: { pass: true },
      metadata: { 'nmode.decoder': 'lmd', 'nmode.widths': '8,24,24,144' },
    });
    expect(report.skips).toHaveLength(4);
    expect(nmode('verify', out('lmd.onnx'), '--reference', reference)).toMatchObject({ status: 0 });
    const predicted = nmode('predict', out('lmd.onnx'), fixture('images'), '-o', out('masks'));
    expect(predicted).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(out('masks'))).toHaveLength(6);
  });

  it('tells in words what was done', () => {
    const { stdout } = nmode('graft', lraspp, ...skips, '-o', out('init.onnx'), '--init', '--decoder', 'hd');
    expect(stdout).toMatch(
      /^decoder {2}hd, 4 steps\nskip {5}\/backbone\/backbone\.0\/.*: 8 channels, 1\/2\n/,
    );
    expect(stdout).toMatch(/note +the weights are those that a training begins with/);
    expect(stdout).toMatch(/written +.*init\.onnx: 0\.38 MB, 192 nodes \(were 165\), opset 16\n$/);
  });

  it('rewrites the whole graph where asked to, and compares', () => {
    const unet = fixture('foreign', 'unet.onnx');
    const proposed = nmode('inspect', unet, '--skips').stdout.trim().split('\n').at(-1)?.split(' ') ?? [];
    const of = ['--weights', fixture('cases', 'nmode-CR_B.safetensors'), '--optimize', 'standard', '--json'];
    const run = nmode('graft', unet, ...proposed, '-o', out('standard.onnx'), ...told, ...of);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const { changes, difference, metadata } = JSON.parse(run.stdout);
    expect(changes).toMatchObject({ 'affine folding': expect.any(Number) });
    expect(difference.maxAbs).toBeLessThanOrEqual(1e-5);
    expect(JSON.parse(metadata['nmode.optimized'])).toEqual({ level: 'standard', precision: 'fp32' });
  });

  it('is held against logits before its head', async () => {
    const told = { model: lraspp, weights, decoder: 'lmd', activation: 'gelu' } as const;
    const named = (skips[1] ?? '').split(',');
    await graftModel({ ...told, skips: named, head: 'none', output: out('logits.onnx') });
    const given = (await readReference(reference)).get('image');
    if (given === undefined) throw new Error('no image');
    await using session = await createSession(readFileSync(out('logits.onnx')));
    const [{ name } = { name: '' }] = session.inputs;
    const feed = { [name]: { dims: given.dims, data: float32Values(given) } };
    const { mask } = await session.run(feed, { type: 'float32' });
    if (mask === undefined) throw new Error('no mask');
    const tensors = new Map([
      ['image', given],
      ['mask', float32Tensor(mask.dims, mask.data)],
    ]);
    writeFileSync(out('logits.safetensors'), encodeSafetensors(tensors));
    const output = out('proven.onnx');
    const report = await graftModel({ ...told, skips: named, output, reference: out('logits.safetensors') });
    expect(report.notes).toContain(
      'the reference holds logits: compared before the head, which is not verified',
    );
    expect(report.verified).toMatchObject({ pass: true, of: 'network' });
    expect(report.metadata['nmode.head']).toBe('sigmoid');
  });

  it('exits 1 and leaves nothing behind where the reference is missed', () => {
    const before = readdirSync(folder);
    const run = graft('missed.onnx', '--lmd-form', 'paper', '--reference', reference);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^nmode: the model misses the reference: mask by .*\n$/);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('exits 2 for what makes no sense, in one line', () => {
    const refused = (pattern: RegExp, ...args: string[]) => {
      const { status, stderr } = nmode('graft', lraspp, '-o', out('no.onnx'), ...args);
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(pattern) });
      expect(stderr.trimEnd()).not.toContain('\n');
    };
    refused(/required option '--skips <names>'/);
    refused(/give the weights of the decoder with --weights, or else --init/, ...skips);
    refused(
      /'--init' cannot be used with option '--weights <file>'/,
      ...skips,
      '--init',
      '--weights',
      'x.pth',
    );
    refused(
      /no tensor is named 'relu'; nmode inspect --skips proposes some/,
      '--skips',
      'relu',
      '--init',
      '--decoder',
      'eed',
    );
    const swapped = skips[1]?.split(',').toReversed().join(',') ?? '';
    refused(/have the scales 16, 8, 4, 2, expected shallow to deep/, '--skips', swapped, '--init', ...told);
    const init = [...skips, '--init', '--decoder', 'hd'];
    refused(/--head softmax: over one class it is always 1, use sigmoid/, ...init, '--head', 'softmax');
    refused(/choose one with --decoder eed, --decoder lmd.* or --decoder /, ...skips, '--weights', weights);
  });

  it('a caller without types is told what is missing', async () => {
    const told = { model: lraspp, output: out('no.onnx'), weights };
    await expect(Reflect.apply(graftModel, undefined, [told])).rejects.toThrow(
      expect.objectContaining({
        code: 'BAD_USAGE',
        message: expect.stringMatching(
          /^`skips` is missing: expected a list of names, as `proposeSkips` gives/,
        ),
      }),
    );
  });

  it('exits 3 for files that do not fit', () => {
    const other = fixture('cases', 'nmode-CR_B.safetensors');
    const run = nmode('graft', lraspp, ...skips, '-o', out('no.onnx'), '--weights', other, ...told);
    expect(run).toMatchObject({
      status: 3,
      stderr:
        'nmode: nmode-CR_B.safetensors: its decoder has 5 steps, 4 skips are named: each step takes one\n',
    });
    const pth = fixture('cases', 'nmode-CR_B.zip.pth');
    expect(nmode('graft', pth, ...skips, '-o', out('no.onnx'), '--init')).toMatchObject({
      status: 3,
      stderr:
        'nmode: nmode-CR_B.zip.pth: a checkpoint by its extension, expected an .onnx model: export it first\n',
    });
  });

  it('never takes the place of an input', () => {
    const before = readFileSync(weights);
    const run = nmode('graft', lraspp, ...skips, '-o', weights, '--weights', weights, ...told);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/the output would overwrite/);
    expect(readFileSync(weights).equals(before)).toBe(true);
  });
});
