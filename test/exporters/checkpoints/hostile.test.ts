import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { NmodeError } from '../../../graph/common/errors.js';
import { torchZip } from '../../support/craft.js';
import { exported } from '../../support/fixtures.js';
import { HOSTILE, shellPickle } from '../../support/hostile.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function refusal(path: string): Promise<NmodeError> {
  const size = { batch: 1, height: 32, width: 32 };
  const error = await exported(path, { decoder: 'eed', activation: 'gelu', size }).catch(
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof NmodeError)) throw new Error(`not refused properly: ${error}`);
  return error;
}

describe('a bad checkpoint is refused in one line that names it', () => {
  it.each(HOSTILE.map((entry) => [entry.name, entry] as const))('%s', async (_, { file, contents, says }) => {
    const path = join(folder, file);
    writeFileSync(path, contents());
    const error = await refusal(path);
    expect(error.code).toBe('BAD_CHECKPOINT');
    expect(error.message).toMatch(says);
    expect(error.message).toContain(file);
    expect(error.message).not.toContain('\n');
  });
});

it('a pickle that calls os.system leaves no trace', async () => {
  const marker = join(folder, 'executed');
  const path = join(folder, 'attack.pth');
  writeFileSync(path, torchZip(shellPickle(marker)));
  await refusal(path);
  expect(existsSync(marker)).toBe(false);
});
