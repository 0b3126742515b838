/** Folders of more files than a call takes arguments. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { findTasks } from '../../../../src/api/predict/predict-tasks.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-many-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([[undefined], ['nnunet']] as const)(
  '130,000 images are found, named by %s',
  async (naming) => {
    const count = 130_000;
    for (let image = 0; image < count; image++) writeFileSync(join(folder, `${image}.png`), '');
    const { tasks, unfound } = await findTasks({ images: [folder] }, naming);
    expect([tasks.length, unfound]).toEqual([count, []]);
  },
  120_000,
);
