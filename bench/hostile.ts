/**
 * `npm run bench:hostile`: every hostile file of the tests through the command, each in a process of its own: exit code,
 * time, peak memory, message.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { print, table } from '../src/cli/output/print.js';
import { HOSTILE } from '../test/support/hostile.js';
import { measureNode } from './measure.js';

const [MAX_MILLISECONDS, MAX_MB] = [1000, 200];

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'nmode-hostile-'));
const output = join(folder, 'never.onnx');
const rows: string[][] = [];
let held = true;

try {
  for (const { name, file, contents } of HOSTILE) {
    const path = join(folder, file);
    writeFileSync(path, contents());
    const flags = ['-o', output, '--decoder', 'eed', '--activation', 'gelu'];
    const run = measureNode([main, 'export', path, ...flags]);
    const oneLine = /^nmode: [^\n]*\n$/.test(run.stderr);
    const holds =
      run.status === 3 &&
      oneLine &&
      !existsSync(output) &&
      run.milliseconds < MAX_MILLISECONDS &&
      run.peakMb < MAX_MB;
    held &&= holds;
    rows.push([
      `${run.milliseconds.toFixed(0)} ms`,
      `${run.peakMb.toFixed(0)} MB`,
      `exit ${run.status}`,
      holds ? 'ok' : 'MISS',
      name,
      run.stderr.trim().slice(0, 100),
    ]);
  }
} finally {
  rmSync(folder, { recursive: true });
}
print(table(['time', 'peak', 'exit', '', 'file', 'message'], rows));
process.exitCode = held ? 0 : 1;
