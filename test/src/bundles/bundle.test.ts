import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { bundle } from '../../../src/api/bundle.js';
import { FORMATS } from '../../../src/bundles/formats.js';
import { TINY } from '../../support/tiny-models.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));
const model = join(folder, 'lesion.onnx');
writeFileSync(model, TINY.sound());

it.each(FORMATS.map(({ id }) => id))(
  'a bundle of %s has the model as it is, and replaces nothing',
  async (format) => {
    const output = join(folder, format);
    const { files, name } = await bundle({ model, format, output });
    expect(name).toBe('lesion');
    const [stored = ''] = files.filter((file) => file.endsWith('.onnx'));
    expect(readFileSync(stored).equals(readFileSync(model))).toBe(true);
    const [first = '', second = ''] = files;
    writeFileSync(second, 'mine');
    rmSync(first);
    await expect(bundle({ model, format, output })).rejects.toThrow(`${second} is there already`);
    expect([existsSync(first), readFileSync(second, 'utf8')]).toEqual([false, 'mine']);
  },
);
