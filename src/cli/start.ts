/** `npm start`: the whole way from the bundled checkpoint to masks, and how close to PyTorch it comes. */
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import { confusionOf, diceOf } from '../../runtime/masks/metrics.js';
import { readMask } from '../../runtime/node/images/files.js';
import { exportModel } from '../api/export.js';
import { predict } from '../api/predict.js';
import { makeFolder } from '../files/write-whole.js';
import { bytesText, count, macsText } from '../reports/figures.js';
import { fields, print, table } from './output/print.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const fixture = (...path: string[]) => join(root, 'fixtures', ...path);
const out = join(root, 'out');
const shown = (path: string) => relative(process.cwd(), path) || '.';
const trained = fixture('trained', 'unet-eed-w16-isic2018');

await makeFolder(out);
const exportStart = performance.now();
const report = await exportModel({
  checkpoint: `${trained}.pth`,
  output: join(out, 'unet-eed.onnx'),
  decoder: 'eed',
  activation: 'gelu',
  reference: `${trained}.io.safetensors`,
});
const exportTime = performance.now() - exportStart;
const difference = report.verified?.outputs.mask?.maxAbs;
if (difference === undefined) throw new NmodeError('CHECK_FAILED', 'the export was not verified');

const { predictions } = await predict({
  model: report.output,
  images: [fixture('images')],
  output: join(out, 'masks'),
  overlay: true,
});
const rows: string[][] = [];
for (const { image, masks, timings } of predictions) {
  const name = `${basename(image, '.jpg')}.png`;
  const mask = await readMask(at(masks, 0));
  const pytorch = await readMask(fixture('predicted', name));
  const truth = await readMask(fixture('masks', name));
  rows.push([
    basename(image),
    diceOf(confusionOf(mask, pytorch)).toFixed(6),
    diceOf(confusionOf(mask, truth)).toFixed(3),
    `${(timings.total - timings.queue).toFixed(0)} ms`,
  ]);
}

print(
  `${fields([
    ['checkpoint', shown(`${trained}.pth`)],
    ['network', `U-Net, decoder ${report.decoder.toUpperCase()}, ${count(report.parameters)} parameters`],
    [
      'model',
      `${shown(report.output)}, ${bytesText(report.bytes)}, ${macsText(report.macs)} multiply-adds an image`,
    ],
    [
      'verified',
      `largest difference from PyTorch's probabilities ${difference.toExponential(2)} (1e-5 is allowed)`,
    ],
    ['time', `${exportTime.toFixed(0)} ms to export and verify`],
  ])}\n\n${table(['image', 'DSC with PyTorch', 'DSC with truth', 'time'], rows)}\n\nMasks and overlays are in ${shown(join(out, 'masks'))}/. Not a medical device.`,
);
