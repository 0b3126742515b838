import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { fixture, root } from '../../../support/fixtures.js';
import { main, nmode } from '../../../support/nmode.js';
import { onTerminal } from '../../../support/on-terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-documents-'));
const model = join(folder, 'model.onnx');
const lraspp = fixture('foreign', 'lraspp.onnx');
const trained = fixture('trained', 'unet-eed-w16-isic2018');
const schemas = JSON.parse(readFileSync(join(root, 'docs', 'schemas.json'), 'utf8'));
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(schemas, 'schemas');

let server: ChildProcess;
let url = '';

beforeAll(async () => {
  nmode(...EXPORT, '-o', model);
  mkdirSync(join(folder, 'photographs'));
  for (const name of readdirSync(fixture('slim', 'images')).slice(0, 12)) {
    copyFileSync(fixture('slim', 'images', name), join(folder, 'photographs', name));
  }
  // Tests wait for commands, and would keep a server of their own process from answering.
  server = spawn(process.execPath, [main, 'serve', model, '--port', '0', '--quiet'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (server.stdout === null) throw new Error('the server says nothing');
  for await (const line of createInterface(server.stdout)) {
    url = /Serving at (\S+)/.exec(line)?.[1] ?? '';
    if (url !== '') break;
  }
  for (const shard of ['0/2', '1/2']) {
    nmode('predict', model, fixture('images'), '--shard', shard, '-o', join(folder, 'masks'));
    nmode('eval', model, ...TRUTH, '--shard', shard, '-o', join(folder, 'counts'));
  }
});
afterAll(async () => {
  server.kill();
  await once(server, 'exit');
  rmSync(folder, { recursive: true });
});

const EXPORT = ['export', `${trained}.pth`, '--decoder', 'eed', '--activation', 'gelu'];
const TRUTH = ['--images', fixture('images'), '--masks', fixture('masks')];
const slim = ['slim', fixture('slim', 'teacher.pth'), '--images', join(folder, 'photographs')];

/** A run of each command, by the name of its document; an output is another each time. */
const RUNS: Readonly<Record<string, (output: string) => readonly string[]>> = {
  export: (output) => [...EXPORT, '--reference', `${trained}.io.safetensors`, '-o', output],
  graft: (output) => ['graft', lraspp, '--skips', skips(), '--init', '--decoder', 'eed', '-o', output],
  verify: () => ['verify', model, '--reference', `${trained}.io.safetensors`],
  inspect: () => ['inspect', `${trained}.pth`],
  'inspect --skips': () => ['inspect', lraspp, '--skips'],
  predict: (output) => ['predict', model, fixture('images'), '-o', output],
  eval: () => ['eval', model, ...TRUTH],
  merge: (output) => ['merge', join(folder, 'masks'), '-o', output],
  bench: () => ['bench', lraspp, lraspp, '--size', '64x64', '--runs', '2'],
  doctor: () => ['doctor'],
  compare: () => ['compare', '--backbone', 'unet'],
  slim: (output) => [
    ...slim,
    '--recipe',
    'release',
    '--steps',
    '7',
    '--no-int8',
    '--no-augment',
    '--force',
    '-o',
    output,
  ],
  optimize: (output) => ['optimize', lraspp, '--recipe', 'unit', '--precision', 'fp16', '-o', output],
  bundle: (output) => ['bundle', model, '--format', 'docker', '-o', output],
  loadtest: () => ['loadtest', url, '--duration', '1'],
};

function skips(): string {
  const { stdout } = nmode('inspect', lraspp, '--skips');
  return /^--skips (.*)$/m.exec(stdout)?.[1] ?? 'none';
}

let made = 0;
const argumentsOf = (name: string) => RUNS[name]?.(join(folder, `made-${made++}.onnx`)) ?? [];

/** Whether JSON is what a command's schema says. */
function faultsOf(name: string, json: unknown): readonly unknown[] {
  const valid = ajv.validate(`schemas#/definitions/${encodeURIComponent(name)}`, json);
  return valid ? [] : (ajv.errors ?? []);
}

it('every command with --json has a schema, and a run here', () => {
  const { stdout } = nmode('--help');
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name = '']) => name);
  const printing = commands.filter((name) => nmode(name, '--help').stdout.includes('--json'));
  expect(printing.length).toBeGreaterThan(10);
  expect(Object.keys(RUNS).filter((name) => !name.includes(' '))).toEqual(printing);
  expect(Object.keys(schemas.definitions)).toEqual(expect.arrayContaining(Object.keys(RUNS)));
});

describe.each(Object.keys(RUNS))('nmode %s', (name) => {
  it('prints what its schema says', () => {
    const { status, stdout, stderr } = nmode(...argumentsOf(name), '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const document = JSON.parse(stdout);
    expect(faultsOf(name, document)).toEqual([]);
    // A schema that allows all says nothing.
    const surplus = Array.isArray(document) ? [{ surplus: 1 }] : { ...document, surplus: 1 };
    expect(faultsOf(name, surplus)).not.toEqual([]);
  });

  it('fits a terminal of 80 columns, and says meanwhile what it does', () => {
    const { status, text, progress } = onTerminal(80, process.execPath, main, ...argumentsOf(name));
    expect(status).toBe(0);
    expect(progress).toContainEqual(expect.stringMatching(/^[a-z][^,]*, \d+s$/));
    // Words that are longer than what is left beside a label stay whole, that they may be copied.
    const words = /^( *\S+(?: \S+)* {2,}| *|--skips )\S+$/;
    expect(text.split('\n').filter((line) => line.length > 80 && !words.test(line))).toEqual([]);
  });
});

it('serve shows a clock while it loads, which its log lines do not run into', () => {
  // It ends when it is interrupted.
  const ended = ['timeout', '--foreground', '-s', 'INT', '15'];
  const command = [process.execPath, main, 'serve', model, '--port', '0'];
  const { text, progress } = onTerminal(80, ...ended, ...command);
  expect(progress).toContainEqual(expect.stringMatching(/^loading, \d+s$/));
  const lines = text.split('\n');
  expect(lines).toContainEqual(expect.stringMatching(/^Serving at /));
  const logged = lines.filter((line) => line.includes('"level"')).map((line) => JSON.parse(line).msg);
  expect(logged).toEqual(expect.arrayContaining(['model loaded', 'ended']));
});

it('merged counts are the document of eval', () => {
  const { stdout } = nmode('merge', join(folder, 'counts'), '-o', join(folder, 'counted'), '--json');
  expect(faultsOf('eval', JSON.parse(stdout))).toEqual([]);
});

it('a model, times and images that failed have their documents as well', () => {
  const timed = ['compare', '--backbone', 'unet', '--size', '32x32', '--time', '--runs', '1'];
  expect(faultsOf('compare', JSON.parse(nmode(...timed, '--json').stdout))).toEqual([]);
  expect(faultsOf('inspect', JSON.parse(nmode('inspect', model, '--json').stdout))).toEqual([]);
  const bad = [fixture('images', 'ISIC_0000082.jpg'), join(root, 'package.json')];
  const { status, stdout } = nmode('predict', model, ...bad, '-o', join(folder, 'failed'), '--json');
  expect(status).toBe(3);
  const document = JSON.parse(stdout);
  expect(document.failures).toHaveLength(1);
  expect(faultsOf('predict', document)).toEqual([]);
});
