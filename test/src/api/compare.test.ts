import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { BACKBONES } from '../../../exporters/backbones/index.js';
import { SOLVER_IDS } from '../../../exporters/decoders/solvers.js';
import { type Comparison, compare } from '../../../src/index.js';
import { fixture, root } from '../../support/fixtures.js';
import { nmode } from '../../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('every backbone is there with every decoder that it has, and says what these save', async () => {
  const all = await compare({ size: { height: 64, width: 64 } });
  expect(new Set(all.map(({ backbone }) => backbone))).toEqual(new Set(BACKBONES.map(({ id }) => id)));
  for (const { id } of BACKBONES) {
    const rows = all.filter(({ backbone }) => backbone === id);
    expect(rows.map(({ decoder }) => decoder).slice(-SOLVER_IDS.length)).toEqual(SOLVER_IDS);
    const original = rows.find(({ decoder }) => decoder === 'original');
    for (const { saved, encoder, ...figures } of rows) {
      expect(encoder.parameters).toBeLessThan(figures.parameters);
      expect(encoder.macs).toBeLessThan(figures.macs);
      if (original !== undefined) expect(saved?.macs).toBeCloseTo(1 - figures.macs / original.macs);
    }
  }
});

/** A part of a network, by the colour that it has in each plot. */
const coloursOf = (html: string, part: string) =>
  new Set([...html.matchAll(new RegExp(`fill="(#\\w+)"><title>${part}: `, 'g'))].map(([, colour]) => colour));

/** The numbers at the vertical axes of scatter plots. */
const powers = (html: string) =>
  [...html.matchAll(/ text-anchor="end">(0|1e-?\d+)</g)].map(([, text]) => text);

it('measures when it is asked to, and writes a page that needs nothing else', () => {
  const path = join(folder, 'report.html');
  const small = ['--backbone', 'unet', '--width', '2', '--size', '32x32', '--time', '--runs', '2'];
  const { status, stdout } = nmode('compare', ...small, '--report', path, '--json');
  expect(status).toBe(0);
  const rows: readonly Comparison[] = JSON.parse(stdout);
  expect(rows).toHaveLength(1 + SOLVER_IDS.length);
  expect(rows[0]?.latency?.ratio).toBe(1);
  for (const { latency } of rows) expect(latency?.p50).toBeGreaterThan(0);
  const html = readFileSync(path, 'utf8');
  for (const { decoder } of rows) expect(html).toContain(`unet ${decoder}`);
  expect(html.match(/<svg/g)).toHaveLength(4);
  expect(html.match(/text-anchor="(start|end)">unet</g)).toHaveLength(1);
  for (const { decoder } of rows) {
    expect(html).toContain(`<title>unet ${decoder}</title></circle>`);
    expect(html).toContain(`text-anchor="start">${decoder}<`);
  }
  expect(powers(html)).toEqual(['1e3', '1e4', '1e5']);
  expect(html).not.toMatch(/<script|<link|src=/);
});

it('starts one process a model, which loads it once', () => {
  const program = `
    import { subscribe } from 'node:diagnostics_channel';
    import { compare } from 'nmode-onnx';
    let started = 0;
    subscribe('child_process', () => started++);
    const size = { height: 32, width: 32 };
    const rows = await compare({ backbones: ['unet'], width: 2, size, time: true, runs: 2 });
    console.log(JSON.stringify({ started, rows: rows.length }));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root });
  const models = 1 + SOLVER_IDS.length;
  expect(JSON.parse(String(stdout))).toEqual({ started: models, rows: models });
});

it('the page without times has no room for them, and one order of encoder and decoder', async () => {
  const report = join(folder, 'counted.html');
  await compare({ backbones: ['resnet18'], size: { height: 64, width: 64 }, report });
  const html = readFileSync(report, 'utf8');
  expect(html).toContain("<th>encoder's share<th>file, MB\n");
  expect(html).not.toMatch(/p50|ratio|<h2>Latency/);
  expect(html).toContain('<td>337.379 M<');
  expect(coloursOf(html, 'encoder').size).toBe(1);
  expect(coloursOf(html, 'decoder').size).toBe(1);
});

it('what is no backbone, no width and no size is refused by name', async () => {
  await expect(compare({ backbones: ['vgg'] })).rejects.toThrow(/no backbone 'vgg': there are unet, /);
  await expect(compare({ width: 0 })).rejects.toThrow(/a width of 0/);
  await expect(compare({ width: 5000 })).rejects.toThrow(/from 1 to 400/);
});

it.each([
  ['8x8', 'height 8', 'a multiple'],
  ['40x40', 'height 40', 'a multiple'],
  ['64x100', 'width 100', 'a multiple'],
])('the size %s is refused in one line', (size, what, rule) => {
  const stderr = `nmode: ${what} does not fit: for unet it is ${rule} of 16\n`;
  expect(nmode('compare', '--backbone', 'unet', '--size', size)).toEqual({ status: 2, stdout: '', stderr });
});

it('what does not go together is refused before anything is measured', async () => {
  await expect(compare({ runs: 2 })).rejects.toThrow(/`runs: 2` requires `time`/);
  await expect(compare({ time: true, runs: 0 })).rejects.toThrow(
    '`runs: 0`, expected a whole number of at least 1',
  );
  await expect(compare({ backbones: ['resnet18', 'egeunet'], width: 8 })).rejects.toThrow(
    /`width: 8` does not apply to resnet18, egeunet: only to unet, /,
  );
  const done: number[] = [];
  const size = { height: 48, width: 48 };
  const onProgress = (count: number) => done.push(count);
  await expect(
    compare({ backbones: ['unet', 'resnet18'], width: 2, size, time: true, onProgress }),
  ).rejects.toThrow(/height 48 does not fit: for resnet18 it is a multiple of 32/);
  expect(done).toEqual([]);
});

it('a backbone that is named twice is taken once', async () => {
  const rows = await compare({ backbones: ['egeunet', 'egeunet'], size: { height: 64, width: 64 } });
  expect(rows.map(({ decoder }) => decoder)).toEqual(['original', ...SOLVER_IDS]);
});

it('compares on the backbone of a checkpoint, which a reference finds or which is assumed and told', async () => {
  const checkpoint = fixture('plain', 'handwritten.pth');
  const size = { height: 64, width: 64 };
  const proven = await compare({ checkpoint, size, reference: fixture('plain', 'handwritten.safetensors') });
  expect(proven.map(({ decoder }) => decoder)).toEqual(['original', ...SOLVER_IDS]);
  expect(proven.every(({ backbone, assumed }) => backbone === 'plain_unet' && !assumed)).toBe(true);
  const assume = '1.act-norm.relu.bare-up.max.up-first';
  const assumed = await compare({ checkpoint, size, assume });
  expect(assumed.map(({ macs }) => macs)).toEqual(proven.map(({ macs }) => macs));
  expect(nmode('compare', checkpoint, '--size', '64x64', '--assume', assume).stdout).toMatch(
    /\nassumed: structure 1\.act-norm\.\S+ \(--assume\)\n$/,
  );
});

it('compares on volumes, of the size that they are mostly run at', async () => {
  const checkpoint = fixture('abm', 'checkpoint_final.pth');
  const rows = await compare({ checkpoint });
  expect(rows.map(({ decoder }) => decoder)).toEqual(['original', ...SOLVER_IDS]);
  expect(await compare({ checkpoint, size: { depth: 4, height: 8, width: 12 } })).toEqual(rows);
  await expect(compare({ checkpoint, size: { height: 8, width: 12 } })).rejects.toThrow(
    'a size of 8x12: nnunet.plainconvunet takes volumes, `size` is their depth, height and width',
  );
});

it('refuses what a checkpoint says already, and what nothing can be made of without one', async () => {
  const checkpoint = fixture('cases', 'original.zip.pth');
  await expect(compare({ checkpoint, width: 8 })).rejects.toThrow(
    /`width` cannot be combined with a checkpoint/,
  );
  await expect(compare({ checkpoint, backbones: ['unet'] })).rejects.toThrow(
    /`backbones` cannot be combined/,
  );
  await expect(compare({ assume: '1' })).rejects.toThrow(/`assume` requires a checkpoint/);
  const reference = fixture('plain', 'handwritten.safetensors');
  await expect(compare({ checkpoint, reference })).rejects.toThrow(
    /original\.zip\.pth: `reference` does not apply: its keys are those of unet, and/,
  );
});
