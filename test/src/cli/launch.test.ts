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
import { fixture, root } from '../../support/fixtures.js';
import { main } from '../../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-launch-'));
const [command, cache] = [join(folder, 'main.js'), join(folder, 'inspect.v8-cache')];
for (const name of ['main.js', 'main.cjs']) copyFileSync(join(dirname(main), name), join(folder, name));
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
};
const caches = () => readdirSync(folder).filter((name) => name.includes('v8-cache'));
const model = fixture('foreign', 'unet.onnx');
const inspected = run('inspect', model);
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
  expect(inspected).toMatchObject({ status: 0, stderr: '' });
  expect(isReplaced(() => expect(run('inspect', model)).toEqual(inspected))).toBe(false);
});

it('what fails, only asks for help, or is no subcommand, leaves none', () => {
  expect(run('verify', '--no-such-flag').status).toBe(2);
  expect(run('../inspect').status).toBe(2);
  for (const asked of ['verify', 'nonsense', 'constructor', 'a'.repeat(300)]) {
    expect(run(asked, '--help').status).toBe(0);
  }
  expect(caches()).toEqual(['inspect.v8-cache']);
});

it('what ends with other flags of V8 than it started with leaves none', () => {
  const flags = join(folder, 'flags.cjs');
  writeFileSync(
    flags,
    "process.once('beforeExit', () => require('v8').setFlagsFromString('--no-sparkplug'));",
  );
  rmSync(cache);
  expect(spawnSync(process.execPath, ['--require', flags, command, 'inspect', model]).status).toBe(0);
  expect(caches()).toEqual([]);
});

describe('compiled code that is not what was left is compiled again', () => {
  const at = (share: number) => {
    const bytes = Buffer.from(whole);
    const place = Math.floor(share * (bytes.length - 1));
    bytes.writeUInt8(bytes.readUInt8(place) ^ 0x55, place);
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
      'other flags, or another version, of V8',
      Buffer.concat([Buffer.from(whole.toString('latin1', 0, header).replace(/^\d/, '0')), code]),
    ],
    ['no header', code],
  ];
  it.each(cases)('%s', (_, bytes) => {
    writeFileSync(cache, bytes);
    expect(isReplaced(() => expect(run('inspect', model)).toEqual(inspected))).toBe(true);
    expect(isReplaced(() => expect(run('inspect', model)).toEqual(inspected))).toBe(false);
  });

  it('another command of as many bytes', () => {
    const source = readFileSync(join(folder, 'main.cjs'), 'utf8');
    const other = source.replaceAll('Usage:', 'USAGE:');
    expect([other === source, other.length]).toEqual([false, source.length]);
    writeFileSync(join(folder, 'main.cjs'), other);
    try {
      expect(run('inspect', '--help').stdout).toContain('USAGE:');
    } finally {
      writeFileSync(join(folder, 'main.cjs'), source);
    }
  });
});

it('what is no file, or cannot be written, stops no start', () => {
  rmSync(cache);
  mkdirSync(cache);
  expect(run('inspect', model)).toEqual(inspected);
  expect(caches()).toEqual(['inspect.v8-cache']);
  rmSync(cache, { recursive: true });
  expect(spawnSync('mkfifo', [cache]).status).toBe(0);
  expect(run('inspect', model)).toEqual(inspected);
  rmSync(cache);
  mkdirSync(`${cache}.part`);
  expect(run('inspect', model)).toEqual(inspected);
  expect(caches()).toEqual(['inspect.v8-cache.part']);
  rmSync(`${cache}.part`, { recursive: true });
});

it('what a killed process left unfinished is written anew', () => {
  rmSync(cache);
  writeFileSync(`${cache}.part`, whole.subarray(0, 1000));
  expect(run('inspect', model)).toEqual(inspected);
  expect(caches()).toEqual(['inspect.v8-cache']);
  expect(isReplaced(() => expect(run('inspect', model)).toEqual(inspected))).toBe(false);
});
