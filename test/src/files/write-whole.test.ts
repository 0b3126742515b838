import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, jest } from '@jest/globals';
import { makeFolder, writeWhole } from '../../../src/files/write-whole.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-write-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('a link is followed, also where it leads to nothing yet', async () => {
  const [link, target] = [join(folder, 'link'), join(folder, 'target')];
  symlinkSync('target', link);
  for (const text of ['first', 'second']) {
    await writeWhole(link, Buffer.from(text));
    expect(readFileSync(target, 'utf8')).toBe(text);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  }
});

it('links are followed one after the other, and from where they are', async () => {
  mkdirSync(join(folder, 'deep', 'below'), { recursive: true });
  symlinkSync(join('deep', 'below'), join(folder, 'elsewhere'));
  symlinkSync('third', join(folder, 'deep', 'below', 'second'));
  symlinkSync(join('..', 'beside'), join(folder, 'deep', 'below', 'third'));
  await writeWhole(join(folder, 'elsewhere', 'second'), Buffer.from('found'));
  expect(readFileSync(join(folder, 'deep', 'beside'), 'utf8')).toBe('found');
  expect(readdirSync(join(folder, 'deep', 'below')).sort()).toEqual(['second', 'third']);
});

it('links that lead in a circle are left as they are', async () => {
  symlinkSync('circle', join(folder, 'circle'));
  await expect(writeWhole(join(folder, 'circle'), Buffer.from('x'))).rejects.toThrow(
    'circle: cannot be written: its links lead in a circle',
  );
  expect(lstatSync(join(folder, 'circle')).isSymbolicLink()).toBe(true);
});

it('contents that fail midway leave neither a file nor a part of one', async () => {
  function* broken() {
    yield Buffer.from('half');
    throw new Error('no more');
  }
  const before = readdirSync(folder);
  await expect(writeWhole(join(folder, 'never'), broken())).rejects.toMatchObject({ code: 'CANNOT_WRITE' });
  expect(readdirSync(folder)).toEqual(before);
});

it('folders are made with those above them, and where none can be made this ends', async () => {
  await makeFolder(join(folder, 'a', 'b', 'c'));
  await makeFolder(join(folder, 'a', 'b', 'c'));
  expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['c']);
  await expect(makeFolder(join(folder, 'target', 'd'))).rejects.toMatchObject({ code: 'CANNOT_WRITE' });
  await expect(makeFolder('/proc/nmode')).rejects.toMatchObject({ code: 'CANNOT_WRITE' });
});

it('a chunk is written in one call, so that all of it is while the next one is made', async () => {
  const handle = await open(join(folder, 'probe'), 'w');
  const write = jest.spyOn(Object.getPrototypeOf(handle), 'write');
  await handle.close();
  const chunk = Buffer.alloc(3 << 20, 'x');
  try {
    expect(await writeWhole(join(folder, 'chunks'), [chunk, chunk])).toBe(2 * chunk.length);
    expect(write).toHaveBeenCalledTimes(2);
  } finally {
    write.mockRestore();
  }
});
