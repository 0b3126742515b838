import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fixture, root } from '../support/fixtures.js';
import { type Block, blocksOf } from '../support/markdown.js';
import { main } from '../support/nmode.js';

/** What a clone has that the commands read; what they write is to be in out/ alone. */
const clone = mkdtempSync(join(tmpdir(), 'nmode-clone-'));
beforeAll(() => symlinkSync(fixture(), join(clone, 'fixtures')));
afterAll(() => rmSync(clone, { recursive: true }));

/** Pages in the order in which a reader runs them: the tour makes the model that the others take. */
const PAGES = [
  'README.md',
  'docs/classes.md',
  'docs/evaluating.md',
  'docs/exporting.md',
  'docs/foreign.md',
  'docs/grafting.md',
  'docs/recipes.md',
  'docs/plain-unets.md',
  'docs/scaling.md',
  'docs/smp.md',
  'docs/monai.md',
];

/** Servers do not end, other blocks install, need a second terminal or measure; a training has a test of its own. */
const runs = ({ language, code }: Block): boolean =>
  language === 'sh' &&
  code.includes('npx nmode') &&
  !/\bnpm\b|curl|nmode (serve|demo|bench|doctor|slim)/.test(code);

/** Runs a block as bash does in a clone, with the command that was built here for npx. */
function run(code: string) {
  const npx = `npx() { shift; '${process.execPath}' '${main}' "$@"; }\nset -euo pipefail\n`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', npx + code], { cwd: clone, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** What a page shows, as a pattern: '...' is left out, and differences of 1e-7 are other ones on other processors. */
function shown(text: string): RegExp {
  const escaped = text.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = escaped.replaceAll('\\.\\.\\.', '[^]*').replaceAll(/\d\\\.\d+e-\d+/g, '\\d\\.\\d+e-\\d+');
  return new RegExp(`^${pattern}$`);
}

describe.each(PAGES)('the commands of %s', (page) => {
  const blocks = blocksOf(page);
  const commands = blocks.filter(runs);

  it.each(commands.map((block) => [`line ${block.line}`, block] as const))('%s', (_, block) => {
    const { status, stdout, stderr } = run(block.code);
    // What is assumed is told there as well.
    expect(status === 0 ? '' : stderr).toBe('');
    // Output stands right below its command.
    const after = block.line + block.code.split('\n').length + 2;
    const output = blocks.find(({ language, line }) => language === '' && line === after);
    if (output !== undefined) expect(stdout.trim()).toMatch(shown(output.code));
  });

  it('write into out/, which git ignores, and nowhere else', () => {
    expect(commands).not.toEqual([]);
    expect(readdirSync(clone).sort()).toEqual(['fixtures', 'out']);
  });
});

it('docs/plain-unets.md shows what a refused export draws', () => {
  const [drawn] = blocksOf('docs/plain-unets.md').filter(({ language }) => language === 'console');
  const [command = '', ...lines] = drawn?.code.trim().split('\n') ?? [];
  const { status, stderr } = run(command.replace(/^\$ /, ''));
  expect(status).toBe(2);
  expect(stderr.startsWith(lines.join('\n'))).toBe(true);
});

it('README.md opens with a slimming that runs in a clone, here for a few steps, and with what it counts', () => {
  const blocks = blocksOf('README.md');
  const [block] = blocks.filter(({ language }) => language === 'sh');
  expect(block?.code).toContain('npx nmode slim');
  const { status, stdout, stderr } = run(`${block?.code.trim()} --steps 20 --force`);
  expect(status === 0 ? '' : stderr).toBe('');
  // Latencies are those of a machine, agreement is that of all steps.
  const counted = (text = '') => text.match(/^(teacher|student).* M {2}/gm);
  const shownTable = blocks.find(({ code }) => /^ +parameters /.test(code));
  expect(counted(shownTable?.code)).toHaveLength(3);
  expect(counted(stdout)).toEqual(counted(shownTable?.code));
});

it('README.md shows what compare counts', () => {
  const [counted] = blocksOf('README.md').filter(({ code }) => code.startsWith('backbone '));
  expect(counted?.code).toBe(run('npx nmode compare --backbone unet').stdout);
});

it('README.md shows what npm start prints, but for times', () => {
  const [printed] = blocksOf('README.md').filter(({ code }) => code.startsWith('checkpoint '));
  const { stdout } = spawnSync(process.execPath, [join(root, 'dist/src/cli/start.js')], {
    cwd: root,
    encoding: 'utf8',
  });
  // Columns are as wide as the longest time.
  const timeless = (text = '') => text.replaceAll(/ +\d+ ms/g, ' N ms').replaceAll(/ +time/g, ' time');
  expect(timeless(stdout).trim()).toMatch(shown(timeless(printed?.code)));
});
