import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { BACKBONES } from '../../exporters/backbones/index.js';
import { type Comparison, compare } from '../../src/index.js';
import { nmode } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('every backbone is there with every decoder that it has, and says what these save', async () => {
  const all = await compare({ size: { height: 64, width: 64 } });
  expect(new Set(all.map(({ backbone }) => backbone))).toEqual(new Set(BACKBONES.map(({ id }) => id)));
  for (const { id } of BACKBONES) {
    const rows = all.filter(({ backbone }) => backbone === id);
    expect(rows.map(({ decoder }) => decoder).slice(-3)).toEqual(['eed', 'hd', 'lmd']);
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
  expect(rows).toHaveLength(4);
  expect(rows[0]?.latency?.ratio).toBe(1);
  for (const { latency } of rows) expect(latency?.p50).toBeGreaterThan(0);
  const html = readFileSync(path, 'utf8');
  for (const { decoder } of rows) expect(html).toContain(`unet ${decoder}`);
  expect(html.match(/<svg/g)).toHaveLength(4);
  expect(coloursOf(html, 'encoder').size).toBe(1);
  expect(coloursOf(html, 'decoder').size).toBe(1);
  expect(powers(html)).toEqual(['1e4', '1e5']);
  expect(html).not.toMatch(/<script|<link|src=/);
});

it('what is no backbone, no width and no size is refused by name', async () => {
  await expect(compare({ backbones: ['vgg'] })).rejects.toThrow(/no backbone 'vgg': there are unet, /);
  await expect(compare({ width: 0 })).rejects.toThrow(/a width of 0/);
  await expect(compare({ width: 5000 })).rejects.toThrow(/from 1 to 400/);
  const { status, stderr } = nmode('compare', '--backbone', 'unet', '--size', '40x40');
  expect(status).toBe(2);
  expect(stderr).toMatch(/height 40 does not fit: for unet it is a multiple of 16/);
});
