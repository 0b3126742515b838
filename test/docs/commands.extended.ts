import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { makeClone } from '../support/clone.js';
import { blocksBy } from '../support/doc-blocks.js';
import { root } from '../support/fixtures.js';
import { blocksOf } from '../support/markdown.js';

/** What the commands write is to be in out/ alone. */
const clone = makeClone();
afterAll(() => clone.remove());
const { run } = clone;

/** In the order in which a reader runs them: the tour makes the model that the others take. */
const commands = blocksBy('commands');
const pages = [...new Set(commands.map(({ page }) => page))];

/** A slimming and a measurement that take seconds: WebGPU in software takes minutes. */
const shortened = (code: string) =>
  code
    .replaceAll(/^(npx nmode slim .*)$/gm, '$1 --steps 20 --force')
    .replaceAll(/^(npx nmode bench .*)$/gm, '$1 --runs 2')
    .replaceAll(' --provider webgpu', '');

const results = new Map<string, ReturnType<typeof run>>();

/** What a block comes to, which runs once. */
function resultOf({ code }: { readonly code: string }) {
  const result = results.get(code) ?? run(shortened(code));
  results.set(code, result);
  return result;
}

/** What doctor prints is of the machine that it was run on. */
const isOfMachine = ({ code }: { readonly code: string }) => code.includes('nmode doctor');

/** What a page shows, as a pattern: '...' is left out, and differences of 1e-7 are other ones on other processors. */
function shown(text: string): RegExp {
  const escaped = text.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = escaped.replaceAll('\\.\\.\\.', '[^]*').replaceAll(/\d\\\.\d+e-\d+/g, '\\d\\.\\d+e-\\d+');
  return new RegExp(`^${pattern}$`);
}

describe.each(pages)('the commands of %s', (page) => {
  const blocks = blocksOf(page);
  const own = commands.filter((block) => block.page === page);

  it.each(own.map((block) => [`line ${block.line}`, block] as const))('%s', (_, block) => {
    const { status, stdout, stderr } = resultOf(block);
    // What is assumed is told there as well.
    expect(status === 0 ? '' : stderr).toBe('');
    // Output stands right below its command.
    const after = block.line + block.code.split('\n').length + 2;
    const output = blocks.find(({ language, line }) => language === '' && line === after);
    if (output !== undefined && !isOfMachine(block)) expect(stdout.trim()).toMatch(shown(output.code));
  });

  it('write into out/, which git ignores, and nowhere else', () => {
    expect(clone.files()).toEqual(['fixtures', 'out']);
  });
});

it('docs/plain-unets.md shows what a refused export draws', () => {
  const [drawn] = blocksOf('docs/plain-unets.md').filter(({ language }) => language === 'console');
  const [command = '', ...lines] = drawn?.code.trim().split('\n') ?? [];
  const { status, stderr } = run(command.replace(/^\$ /, ''));
  expect(status).toBe(2);
  expect(stderr.startsWith(lines.join('\n'))).toBe(true);
});

it('README.md shows what slim counts', () => {
  const blocks = blocksOf('README.md');
  const [block = { code: '' }] = blocks.filter(({ language }) => language === 'sh');
  expect(block.code).toContain('npx nmode slim');
  const { stdout } = resultOf(block);
  // Latencies are those of a machine, agreement is that of all steps.
  const counted = (text = '') => text.match(/^(parameters|multiply-adds) .*$/gm);
  const shownTable = blocks.find(({ code }) => /^ +teacher /.test(code));
  expect(counted(shownTable?.code)).toHaveLength(2);
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
