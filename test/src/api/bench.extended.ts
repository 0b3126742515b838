import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeModel } from '../../../graph/file/write.js';
import { input } from '../../../graph/ir/value.js';
import { sigmoid } from '../../../graph/ops/unary.js';
import { fixture } from '../../support/fixtures.js';
import { modelOf } from '../../support/graph.js';
import { main, nmode } from '../../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (...path: string[]) => join(folder, ...path);

const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
const [plain, standard, open] = [out('plain.onnx'), out('<b>&"standard".onnx'), out('open.onnx')];
const few = ['--runs', '6', '--threads', '1'];

beforeAll(() => {
  const write = (path: string, ...flags: string[]) =>
    nmode('export', trained, '-o', path, '--decoder', 'eed', '--activation', 'gelu', ...flags);
  expect(write(plain, '--size', '64x64', '--optimize', 'none').status).toBe(0);
  expect(write(standard, '--size', '64x64').status).toBe(0);
  // What a rewritten operator multiplies is not the network's any more.
  expect(write(open, '--dynamic', '--optimize', 'none').status).toBe(0);
});

function measured(...args: string[]) {
  const run = nmode('bench', ...args, '--json');
  expect(run).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(run.stdout);
}

describe('nmode bench', () => {
  it('measures models beside the first, and tells what their files hold', () => {
    const report = measured(plain, standard, ...few);
    expect(report).toMatchObject({ scenario: 'single', runs: 6, threads: 1, workers: 1 });
    expect(report.peakGmacPerSecond).toBeGreaterThan(0);
    const [first, second] = report.models;
    expect(first).toMatchObject({
      file: 'plain.onnx',
      provider: 'cpu',
      input: [1, 3, 64, 64],
      bytes: statSync(plain).size,
      nodes: 92,
      macs: 988446720 / 16,
      ratioToFirst: 1,
      agreement: { maxAbs: 0, dscDrop: 0 },
    });
    expect(second.nodes).toBeLessThan(92);
    expect(second.agreement.maxAbs).toBeLessThan(1e-5);
    expect(second.agreement.maxAbs).toBeGreaterThan(0);
    for (const figures of report.models) {
      expect(figures.times).toHaveLength(6);
      const sorted = figures.times.toSorted((a: number, b: number) => a - b);
      expect([figures.p50, figures.p90, figures.p99]).toEqual([sorted[3], sorted[5], sorted[5]]);
      const whole = 6000 / figures.throughput;
      const sum = sorted.reduce((total: number, time: number) => total + time, 0);
      expect(whole).toBeGreaterThanOrEqual(sum);
      expect(figures.gmacPerSecond).toBeCloseTo(figures.macs / figures.p50 / 1e6);
      expect(figures.shareOfPeak).toBeCloseTo(figures.gmacPerSecond / report.peakGmacPerSecond);
      for (const key of ['loadMs', 'firstMs', 'ratioToFirst']) expect(figures[key]).toBeGreaterThan(0);
      // Of a process that holds Node, onnxruntime and a model, and of that alone.
      expect(figures.peakRssMb).toBeGreaterThan(50);
      expect(figures).not.toHaveProperty('operators');
    }
  });

  it('offline: all workers at the same time', () => {
    const [figures] = measured(plain, ...few, '--scenario', 'offline', '--workers', '3').models;
    expect(figures.times).toHaveLength(6);
    // Images a second are of the whole, times are of single runs, which overlap.
    const sum = figures.times.reduce((total: number, time: number) => total + time, 0);
    expect(6000 / figures.throughput).toBeLessThan(sum);
  });

  it('every model with every provider; what was passed over is told, and where nodes ran', () => {
    const run = nmode(
      'bench',
      plain,
      ...few,
      '--provider',
      'dml',
      '--provider',
      'cpu',
      '--placement',
      '--json',
    );
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/^warning: plain\.onnx: ran on cpu; not on dml: [^\n]*\n$/);
    const [first, second, ...others] = JSON.parse(run.stdout).models;
    expect(first).toMatchObject({ provider: 'cpu', session: { requested: ['dml'], effective: 'cpu' } });
    expect(second).toMatchObject({ provider: 'cpu', session: { requested: ['cpu'], attempts: [] } });
    expect(first.placement).toEqual({ cpu: expect.any(Number) });
    expect(Object.keys(first.operators)).toContain('Conv');
    expect(others).toEqual([]);
  });

  it('open sizes as they are asked for; models that take something else are measured, not compared', () => {
    const asked = ['--size', '32x48', '--batch', '2'];
    const [figures] = measured(open, ...few, ...asked).models;
    expect(figures).toMatchObject({ input: [2, 3, 32, 48] });
    expect(figures.macs).toBe((988446720 * 2 * 32 * 48) / 256 ** 2);
    const [, other] = measured(plain, open, ...few).models;
    expect(other).toMatchObject({ input: [1, 3, 256, 256] });
    expect(other).not.toHaveProperty('agreement');
    expect(nmode('bench', plain, open, ...few).stdout).toMatch(/open\.onnx +cpu .* - +-\n$/);
  });

  it('files of one name are told apart by their paths', () => {
    const names = measured(plain, plain, ...few).models.map(({ file }: { file: string }) => file);
    expect(names).toEqual([plain, plain]);
  });

  it('the report is one page with plots, in which names are text', () => {
    const path = out('report.html');
    const { models } = measured(plain, standard, ...few, '--report', path);
    expect(models[1].operators).toEqual(expect.objectContaining({ Conv: expect.any(Number) }));
    const html = readFileSync(path, 'utf8');
    expect(html.match(/<svg /g)).toHaveLength(6);
    expect(html).not.toMatch(/<script|src=|href=|https?:|url\(|NaN|Infinity|undefined|<b>/);
    expect(html).toContain('&lt;b&gt;&amp;&quot;standard&quot;.onnx');
    expect(html).toContain('color-scheme: light dark');
    expect(html.match(/<line [^>]*stroke-opacity="0.4"/g)).toHaveLength(12);
    // The first model differs from itself by 0, for which a power of ten has no place.
    expect(html.match(/ text-anchor="end">0</g)).toHaveLength(4);
  });
});

describe('what is refused, with one line', () => {
  it.each([
    ['no model', [], 2, /missing required argument/],
    ['a file that is not there', [out('nowhere.onnx')], 3, /nowhere\.onnx: cannot be read/],
    ['a size that is fixed', [plain, '--size', '32x32'], 2, /plain\.onnx: input 'input' is \[1, 3, 64, 64\]/],
    ['a batch that is fixed', [plain, '--batch', '4'], 2, /axis 0 cannot be 4/],
    ['workers that would be idle', [plain, '--workers', '2'], 2, /offline/],
    ['a scenario that there is not', [plain, '--scenario', 'server'], 2, /single, offline/],
    [
      'more threads than cores can hold',
      [plain, '--threads', '100000'],
      2,
      /100000 threads: expected \d+ at most/,
    ],
    ['no runs', [plain, '--runs', '0'], 2, /whole number/],
    ['a provider that there is not', [plain, '--provider', 'gpu'], 2, /provider 'gpu' is unknown/],
    ['a report in the place of a model', [plain, '--report', plain], 2, /would overwrite/],
  ])('%s', (_, args, status, message) => {
    const before = readdirSync(folder);
    const run = nmode('bench', ...args);
    expect(run).toMatchObject({ status, stdout: '' });
    expect(run.stderr).toMatch(message);
    expect(run.stderr).toMatch(/^nmode: [^\n]*\n$/);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('a model that onnxruntime does not load, by its name', () => {
    const model = modelOf([input('x', 'float32', [1, 3])], { y: sigmoid(input('x', 'float32', [1, 3])) });
    writeFileSync(out('newer.onnx'), encodeModel({ ...model, opsets: new Map([['', 999]]) }));
    const run = nmode('bench', plain, out('newer.onnx'), ...few);
    expect([3, 4]).toContain(run.status);
    expect(run.stderr).toMatch(/^nmode: newer\.onnx: [^\n]*\n$/);
  });
});

/** The processes that a process has started. */
function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

const isThere = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

(process.platform === 'linux' ? describe : describe.skip)('no process outlives the command', () => {
  async function endless(end: (pid: number, children: readonly number[]) => void) {
    const args = [main, 'bench', plain, plain, '--runs', '999999', '--threads', '1'];
    const command = spawn(process.execPath, args, { detached: true });
    try {
      const stderr: Buffer[] = [];
      command.stderr.on('data', (chunk) => stderr.push(chunk));
      const { pid = 0 } = command;
      while (childrenOf(pid).length < 2) await setTimeout(20);
      const children = childrenOf(pid);
      const ended = once(command, 'close');
      end(pid, children);
      const [code] = await ended;
      while (children.some(isThere)) await setTimeout(20);
      return { code, stderr: Buffer.concat(stderr).toString() };
    } finally {
      command.kill('SIGKILL');
    }
  }

  it('Ctrl-C, which a terminal sends to a whole group of processes', async () => {
    const { code, stderr } = await endless((pid) => process.kill(-pid, 'SIGINT'));
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'nmode: interrupted\n' });
  });

  it('one of them dies', async () => {
    const { code, stderr } = await endless((_, [first = 0]) => process.kill(first, 'SIGKILL'));
    expect(code).toBe(4);
    expect(stderr).toMatch(/^nmode: .*plain\.onnx: the process that ran it ended \(SIGKILL\)\n$/);
  });

  it('the command itself is killed', async () => {
    const { code } = await endless((pid) => process.kill(pid, 'SIGKILL'));
    expect(code).toBe(null);
  });
});
