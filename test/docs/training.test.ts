import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { DIFFERENTIABLE } from '../../graph/gradients/rules.js';
import { root } from '../support/fixtures.js';
import { blocksOf, sectionOf } from '../support/markdown.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-training-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('the training loop of docs/training.md has fifteen lines, and learns', () => {
  const [loop] = blocksOf('docs/training.md');
  const code = loop?.code ?? '';
  const lines = code.split('\n').filter((line) => line !== '' && !line.startsWith('import'));
  expect(lines.length).toBeLessThanOrEqual(15);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'nmode-onnx'));
  // It is JavaScript as it stands.
  writeFileSync(join(folder, 'loop.mjs'), code);
  const { stdout, stderr, status } = spawnSync(process.execPath, ['loop.mjs'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const losses = stdout
    .trim()
    .split('\n')
    .map((line) => Number(line.split(' ')[1]));
  expect(losses).toHaveLength(4);
  expect(losses[0]).toBeGreaterThan(0.5);
  expect(losses[3]).toBeLessThan(0.1);
});

it('its table has every operator that has a gradient, and no other', () => {
  const table = sectionOf('docs/training.md', /^## Gradients/)
    .split('\n')
    .filter((line) => line.startsWith('| '));
  const named = table.flatMap((line) => line.split('|')[1]?.match(/\b[A-Z][A-Za-z]+\b/g) ?? []);
  const operators = new Set(named.filter((name) => name !== 'GELU'));
  expect([...operators].toSorted()).toEqual([...DIFFERENTIABLE].toSorted());
});
