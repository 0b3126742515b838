import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SOLVER_IDS } from '../../exporters/decoders/solvers.js';
import { parseModel } from '../../graph/file/read.js';
import { encodeModel } from '../../graph/file/write.js';
import { confusionOf, diceOf } from '../../runtime/masks/metrics.js';
import { readMask } from '../../runtime/node/images/files.js';
import { fixture, root } from '../support/fixtures.js';
import { handmade, node } from '../support/graph.js';
import { nmode } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (name: string) => join(folder, name);

const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
const reference = fixture('trained', 'unet-eed-w16-isic2018.io.safetensors');
const told = ['--decoder', 'eed', '--activation', 'gelu'];

const parsed = (path: string) => parseModel(readFileSync(path), path);

const model = out('model.onnx');
beforeAll(() => {
  expect(nmode('export', trained, '-o', model, ...told)).toMatchObject({ status: 0, stderr: '' });
});

describe('from checkpoint to mask', () => {
  it('export --reference verifies, and --json is one document with what scripts need', () => {
    const run = nmode(
      'export',
      trained,
      '-o',
      out('again.onnx'),
      ...told,
      '--reference',
      reference,
      '--json',
    );
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({
      output: out('again.onnx'),
      decoder: 'eed',
      backbone: 'unet',
      parameters: 600145,
      macs: 988446720,
      verified: { pass: true, outputs: { mask: { maxAbs: expect.any(Number) } } },
    });
    // What was assumed is verified now; nothing else differs.
    const [plain, verified] = [parsed(model), parsed(out('again.onnx'))];
    expect(verified.graph.nodes).toEqual(plain.graph.nodes);
    const differing = [...verified.metadata].filter(([key, value]) => plain.metadata.get(key) !== value);
    expect(differing.map(([key]) => key)).toEqual(['nmode.assumed', 'nmode.verified']);
  });

  it('export --reference of the wrong decoder exits 1 and leaves nothing behind', () => {
    const before = readdirSync(folder);
    const wrong = ['--decoder', 'lmd', '--activation', 'gelu', '--reference', reference];
    const run = nmode('export', trained, '-o', out('wrong.onnx'), ...wrong);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^nmode: the model misses the reference: mask by .*\n$/);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('verify passes, and exits 1 where the tolerance is beyond float32', () => {
    const run = nmode('verify', model, '--reference', reference, '--json');
    expect(run.status).toBe(0);
    const parity = JSON.parse(run.stdout);
    expect(parity).toMatchObject({ pass: true, atol: 1e-5, rtol: 0 });
    expect(parity.outputs.mask).toMatchObject({ meanAbs: expect.any(Number), maxRel: expect.any(Number) });
    const toleranceOf = (...flags: string[]) =>
      /^tolerance: (.*); ran on cpu$/m.exec(
        nmode('verify', model, '--reference', reference, ...flags).stdout,
      )?.[1];
    expect(toleranceOf()).toBe('1e-5');
    expect(toleranceOf('--atol', '0', '--rtol', '0.001')).toBe('0 + 1e-3 |reference|');
    expect(nmode('verify', model, '--reference', reference, '--atol', '0')).toMatchObject({ status: 1 });
  });

  it('inspect --why lists the nodes of a model at which types end', () => {
    const stranger = handmade({
      inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1, 3, 8, 8] } }],
      outputs: [{ name: 'y', type: { dtype: 'float32' } }],
      nodes: [{ ...node('Twist', ['x'], ['t']), domain: 'org.example' }, node('Relu', ['t'], ['y'])],
    });
    const path = out('stranger.onnx');
    writeFileSync(
      path,
      encodeModel({ ...stranger, opsets: new Map([...stranger.opsets, ['org.example', 1]]) }),
    );
    const listed = nmode('inspect', path, '--why');
    expect(listed).toMatchObject({ status: 0, stderr: '' });
    expect(listed.stdout).toMatch(
      /^untyped +Twist 't': this operator of the domain 'org\.example' .* from 1 Relu$/m,
    );
    expect(nmode('inspect', path).stdout).toMatch(
      /^untyped +1 node and 1 after them, which the rules skip \(--why lists all\)$/m,
    );
    expect(nmode('inspect', trained, '--why')).toMatchObject({
      status: 2,
      stderr: 'nmode: --why applies only to a model\n',
    });
  });

  it('inspect tells a model and a checkpoint apart', () => {
    const plain = out('plain.onnx');
    nmode('export', trained, '-o', plain, ...told, '--optimize', 'none');
    expect(JSON.parse(nmode('inspect', plain, '--json').stdout)).toMatchObject({
      kind: 'model',
      parameters: 600145,
      macs: 988446720,
      nodes: 92,
      opset: 17,
      inputs: [{ name: 'input', dtype: 'float32', shape: [1, 3, 256, 256] }],
      outputs: [{ name: 'mask', dtype: 'float32', shape: [1, 1, 256, 256] }],
      metadata: { 'nmode.decoder': 'eed' },
    });
    expect(JSON.parse(nmode('inspect', trained, '--json').stdout)).toMatchObject({
      kind: 'checkpoint',
      format: 'torch zip',
      parameters: 600145,
      macs: 988446720,
      architecture: {
        backbone: 'unet',
        widths: [16, 32, 64, 128, 128],
        decoders: expect.arrayContaining(['eed', 'lmd', 'abm']),
        order: 'CR_B',
      },
    });
  });

  it("predict gives PyTorch's masks, at each image's own size", async () => {
    const run = nmode('predict', model, fixture('images'), '-o', out('masks'), '--overlay');
    expect(run.status).toBe(0);
    const names = readdirSync(fixture('predicted')).filter((name) => name.endsWith('.png'));
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) {
      const mask = await readMask(join(out('masks'), name.replace('.png', '_mask.png')));
      const pytorch = await readMask(fixture('predicted', name));
      expect({ ...mask, data: 0 }).toEqual({ ...pytorch, data: 0 });
      expect(diceOf(confusionOf(mask, pytorch))).toBeGreaterThanOrEqual(0.9999);
    }
    expect(readdirSync(out('masks')).filter((name) => name.endsWith('_overlay.png'))).toHaveLength(
      names.length,
    );
  });

  it('predict goes on after an image that cannot be read, and exits 3', () => {
    mkdirSync(out('mixed'));
    writeFileSync(join(out('mixed'), 'a.jpg'), 'no image');
    writeFileSync(join(out('mixed'), 'b.jpg'), readFileSync(fixture('images', 'ISIC_0000082.jpg')));
    const run = nmode('predict', model, out('mixed'), '-o', out('some'));
    expect(run.status).toBe(3);
    expect(run.stderr).toMatch(/nmode: a\.jpg: cannot be read as an image.*\nnmode: 1 of 2 images failed\n$/);
    expect(readdirSync(out('some'))).toEqual(['b_mask.png']);
  });

  it('predict refuses two images that would write one mask', () => {
    const run = nmode(
      'predict',
      model,
      fixture('images'),
      fixture('masks', 'ISIC_0000082.png'),
      '-o',
      out('twice'),
    );
    expect(run).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /have one name, so that both would write ISIC_0000082_mask: rename one$/m,
      ),
    });
  });

  it('several classes give a mask each, and a batch of two a model that says why it cannot predict', () => {
    const classes = fixture('cases', 'eed-training-run.zip.pth');
    const [image] = [fixture('images', 'ISIC_0000082.jpg')];
    expect(
      nmode('export', classes, '-o', out('four.onnx'), ...told, '--head', 'sigmoid', '--size', '32x48')
        .status,
    ).toBe(0);
    const { stdout, status } = nmode('predict', out('four.onnx'), image, '-o', out('four'), '--overlay');
    expect(status).toBe(0);
    const masks = [1, 2, 3, 4].map((index) => `mask_${index}`);
    const kinds = ['labels', ...masks, 'overlay'];
    const written = kinds.map((kind) => `ISIC_0000082_${kind}.png`);
    expect(readdirSync(out('four'))).toEqual(written);
    for (const file of written) expect(stdout).toContain(file);
    expect(nmode('export', trained, '-o', out('two.onnx'), ...told, '--batch', '2').status).toBe(0);
    const run = nmode('predict', out('two.onnx'), image, '-o', out('two'));
    expect(run).toMatchObject({ status: 3, stderr: expect.stringContaining('takes 2 images at a time') });
  });

  it('nothing that was given is overwritten: not a ground truth beside the image, not the checkpoint', () => {
    mkdirSync(out('data'));
    const truth = join(out('data'), 'A_mask.png');
    writeFileSync(join(out('data'), 'A.jpg'), readFileSync(fixture('images', 'ISIC_0000082.jpg')));
    writeFileSync(truth, readFileSync(fixture('masks', 'ISIC_0000082.png')));
    const before = readFileSync(truth);
    const run = nmode('predict', model, out('data'), '-o', out('data'));
    expect(run).toMatchObject({ status: 2, stderr: expect.stringContaining('would overwrite') });
    expect(Buffer.compare(before, readFileSync(truth))).toBe(0);
    const copy = out('copy.pth');
    writeFileSync(copy, readFileSync(trained));
    expect(nmode('export', copy, '-o', copy, ...told)).toMatchObject({ status: 2 });
    expect(Buffer.compare(readFileSync(copy), readFileSync(trained))).toBe(0);
  });

  it('a model with open sizes predicts as well', () => {
    const open = out('open.onnx');
    expect(nmode('export', trained, '-o', open, ...told, '--dynamic').status).toBe(0);
    expect(nmode('predict', open, fixture('images', 'ISIC_0000082.jpg'), '-o', out('open')).status).toBe(0);
    const [one, other] = [out('open'), out('masks')].map((dir) =>
      readFileSync(join(dir, 'ISIC_0000082_mask.png')),
    );
    expect(one && other && Buffer.compare(one, other)).toBe(0);
  });
});

it('compare --json is an array of what each decoder costs', () => {
  const { stdout } = nmode('compare', '--backbone', 'unet', '--width', '16', '--json');
  const rows = JSON.parse(stdout);
  expect(rows.map(({ decoder }: { decoder: string }) => decoder)).toEqual(['original', ...SOLVER_IDS]);
  expect(rows[1]).toMatchObject({ backbone: 'unet', parameters: 600145, macs: 988446720 });
  expect(rows[1].bytes).toBeGreaterThan(4 * 600145);
});

describe('what is wrong is said in one line, with its exit code, and nothing is written', () => {
  const never = ['-o', out('never.onnx')];
  it.each([
    ['a flag that does not exist', 2, ['export', trained, ...never, '--fast'], /unknown option '--fast'/],
    ['a command that does not exist', 2, ['expotr', trained], /unknown command 'expotr'/],
    ['no output', 2, ['export', trained, ...told], /'-o, --output <model.onnx>' not specified/],
    [
      'a decoder that cannot be told',
      2,
      ['export', trained, ...never, '--activation', 'gelu'],
      /--decoder eed, --decoder lmd.* or --decoder /,
    ],
    [
      'an activation that cannot be told',
      2,
      ['export', trained, ...never, '--decoder', 'eed'],
      /--activation gelu/,
    ],
    ['an unknown decoder', 2, ['export', trained, ...never, '--decoder', 'rk4'], /Allowed choices are eed/],
    [
      'sizes that the levels do not divide',
      2,
      ['export', trained, ...never, ...told, '--size', '100x96'],
      /height 100 does not fit: .* a multiple of 16/,
    ],
    [
      'a size that is none',
      2,
      ['export', trained, ...never, ...told, '--size', 'big'],
      /Expected HEIGHTxWIDTH/,
    ],
    [
      'open and fixed sizes',
      2,
      ['export', trained, ...never, ...told, '--dynamic', '--size', '64x64'],
      /cannot be used with/,
    ],
    [
      'an opset of another time',
      2,
      ['export', trained, ...never, ...told, '--opset', '12'],
      /Allowed choices are 13/,
    ],
    ['a threshold of 2', 2, ['predict', 'm.onnx', 'x.jpg', '-o', 'y', '--threshold', '2'], /from 0 to 1/],
    [
      'a checkpoint that is not there',
      3,
      ['export', out('nowhere.pth'), ...never, ...told],
      /nowhere\.pth: cannot be opened/,
    ],
    [
      'a folder for a checkpoint',
      3,
      ['export', folder, ...never, ...told],
      /a folder without weights of a usual name: give .*\.onnx/,
    ],
    [
      'a model that is none',
      3,
      ['verify', fixture('README.md'), '--reference', reference],
      /README\.md: not an ONNX/,
    ],
    [
      'an image that is not there',
      3,
      ['predict', model, out('no.jpg'), '-o', out('x')],
      /no\.jpg: cannot be read/,
    ],
    ['a folder without images', 3, ['predict', model, fixture('seeded'), '-o', out('x')], /holds no \.jpg/],
    [
      'a file in the place of a folder',
      4,
      ['export', trained, '-o', join(model, 'model.onnx'), ...told],
      /model\.onnx: cannot be written: there is something else of that name/,
    ],
    ['a folder for an output', 4, ['export', trained, '-o', folder, ...told], /it is a folder/],
  ])('%s: %i', (_, status, args, says) => {
    const before = readdirSync(folder);
    const run = nmode(...args);
    expect(run).toMatchObject({ status, stdout: '' });
    expect(run.stderr).toMatch(says);
    expect(run.stderr).toMatch(/^nmode: [^\n]*\n$/);
    expect(readdirSync(folder)).toEqual(before);
  });
});

it('the folder of an output is made, whatever lacks of it', () => {
  const [exported, optimized] = [out('made/of/export.onnx'), out('made/for/optimize.onnx')];
  expect(nmode('export', trained, '-o', exported, ...told)).toMatchObject({ status: 0 });
  expect(nmode('optimize', exported, '-o', optimized)).toMatchObject({ status: 0 });
  expect(readdirSync(out('made/for'))).toEqual(['optimize.onnx']);
  rmSync(out('made'), { recursive: true });
});

it('--help and --version are no errors', () => {
  const { status, stdout } = nmode('--help');
  expect(status).toBe(0);
  expect(stdout).toContain('Usage: nmode');
  // It fits a terminal.
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(nmode('--version')).toMatchObject({ status: 0, stdout: `${version}\n` });
});

it('importing the package prints nothing and loads neither onnxruntime nor sharp', () => {
  const script = `
    await import(${JSON.stringify(pathToFileURL(join(root, 'dist/src/index.js')))});
    console.log(process.report.getReport().sharedObjects.some((name) => /onnxruntime|sharp|vips/.test(name)));`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(run).toMatchObject({ stdout: 'false\n', stderr: '' });
});
