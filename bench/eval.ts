/**
 * `npm run bench:eval -- CHECKPOINTS IMAGES MASKS`: the confusion matrix of `nmode eval`, for both forms of a model, beside
 * that of fixtures/evaluate.py in PyTorch. CHECKPOINTS is a folder of NAME.pth with NAME.json beside each.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODEL_IOS } from '../graph/recipe/recipe.js';
import type { Confusion } from '../runtime/masks/metrics.js';
import { evaluate } from '../src/api/evaluate.js';
import { exportModel } from '../src/api/export.js';
import { print, table } from '../src/cli/output/print.js';
import { inFolder, root } from './networks.js';

const ALLOWED = 1e-4;

const [checkpoints, images, masks] = process.argv.slice(2);
if (checkpoints === undefined || images === undefined || masks === undefined) {
  throw new Error('usage: npm run bench:eval -- CHECKPOINTS IMAGES MASKS');
}

function inPyTorch(checkpoint: string, ...folders: readonly string[]): Confusion {
  const program = join(root, 'fixtures', 'evaluate.py');
  const run = spawnSync('/usr/bin/python3', [program, checkpoint, ...folders], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

const counts = ({ tp, fp, fn, tn }: Confusion) => [tp, fp, fn, tn];

await inFolder(async (file) => {
  const rows: string[][] = [];
  let worst = 0;
  for (const name of readdirSync(checkpoints).filter((entry) => entry.endsWith('.pth'))) {
    const checkpoint = join(checkpoints, name);
    const facts = JSON.parse(readFileSync(checkpoint.replace('.pth', '.json'), 'utf8'));
    const expected = counts(inPyTorch(checkpoint, images, masks));
    rows.push([name, 'PyTorch', ...expected.map(String), '']);
    for (const io of MODEL_IOS) {
      const told = { decoder: facts.decoder, ...(facts.activation && { activation: facts.activation }) };
      await exportModel({ checkpoint, output: file('model.onnx'), io, ...told });
      const found = counts((await evaluate({ model: file('model.onnx'), images, masks })).confusion);
      const off = Math.max(
        ...found.map((value, i) => Math.abs(value - (expected[i] ?? 0)) / (expected[i] ?? 1)),
      );
      worst = Math.max(worst, off);
      rows.push(['', `--io ${io}`, ...found.map(String), `${(100 * off).toFixed(4)} %`]);
    }
  }
  print(table(['network', 'counted by', 'tp', 'fp', 'fn', 'tn', 'off by'], rows));
  process.exitCode = worst <= ALLOWED ? 0 : 1;
});
