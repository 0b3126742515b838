/** Protects starts from the compiled code of earlier runs, which V8 believes whatever is in it, and which any of them may leave damaged. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { root } from '../../support/fixtures.js';
import { main } from '../../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-launch-'));
const [command, cache] = [join(folder, 'main.js'), join(folder, 'doctor.v8-cache')];
for (const name of ['main.js', 'main.cjs']) copyFileSync(join(dirname(main), name), join(folder, name));
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
};
const caches = () => readdirSync(folder).filter((name) => name.includes('v8-cache'));
const help = run('doctor', '--help');
const whole = readFileSync(cache);

/** Which file it is: one that is taken as it is stays. */
const isReplaced = (body: () => void) => {
  const before = statSync(cache).ino;
  body();
  return statSync(cache).ino !== before;
};

beforeEach(() => {
  rmSync(cache, { recursive: true, force: true });
  writeFileSync(cache, whole);
});

it('a subcommand that ends well leaves its own, and the next start takes it', () => {
  expect(help).toMatchObject({ status: 0, stderr: '' });
  expect(isReplaced(() => expect(run('doctor', '--help')).toEqual(help))).toBe(false);
});

it('what fails, or is no subcommand, leaves none', () => {
  expect(run('doctor', '--no-such-flag').status).toBe(2);
  expect(run('../doctor').status).toBe(2);
  expect(run('nonsense').status).toBe(2);
  expect(caches()).toEqual(['doctor.v8-cache']);
});

describe('compiled code that is not what was left is compiled again', () => {
  const at = (share: number) => {
    const bytes = Buffer.from(whole);
    const place = Math.floor(share * (bytes.length - 1));
    bytes[place] = (bytes[place] ?? 0) ^ 0x55;
    return bytes;
  };
  const header = whole.indexOf('\n');
  const code = whole.subarray(header);
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ...[0, 1e-4, 0.1, 0.3, 0.5, 0.7, 0.9, 1].map((share) => [`a byte at ${share} of it`, at(share)] as const),
    ['nothing', new Uint8Array()],
    ['half of it', whole.subarray(0, whole.length / 2)],
    ['more than it', Buffer.concat([whole, whole])],
    [
      'another version of Node',
      Buffer.concat([Buffer.from(whole.toString('latin1', 0, header).replace(/^v\d+/, 'v1')), code]),
    ],
    ['no header', code],
  ];
  it.each(cases)('%s', (_, bytes) => {
    writeFileSync(cache, bytes);
    expect(isReplaced(() => expect(run('doctor', '--help')).toEqual(help))).toBe(true);
    expect(isReplaced(() => expect(run('doctor', '--help')).toEqual(help))).toBe(false);
  });

  it('another command of as many bytes', () => {
    const source = readFileSync(join(folder, 'main.cjs'), 'utf8');
    const other = source.replaceAll('Usage:', 'USAGE:');
    expect([other === source, other.length]).toEqual([false, source.length]);
    writeFileSync(join(folder, 'main.cjs'), other);
    try {
      expect(run('doctor', '--help').stdout).toBe(help.stdout.replace('Usage:', 'USAGE:'));
    } finally {
      writeFileSync(join(folder, 'main.cjs'), source);
    }
  });
});

it('what is no file stops no start', () => {
  rmSync(cache);
  mkdirSync(cache);
  expect(run('doctor', '--help')).toEqual(help);
  expect(caches()).toEqual(['doctor.v8-cache']);
  rmSync(cache, { recursive: true });
  expect(spawnSync('mkfifo', [cache]).status).toBe(0);
  expect(run('doctor', '--help')).toEqual(help);
});
