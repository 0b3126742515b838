import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { NmodeError } from '../../graph/errors.js';
import { DEFAULT_THRESHOLD } from '../../runtime/parity.js';
import type { PredictReport } from '../index.js';
import { parseProbability } from './arguments.js';
import { print, table } from './print.js';

interface Flags {
  readonly output: string;
  readonly overlay?: true;
  readonly threshold: number;
}

export function addPredict(program: Command): void {
  program
    .command('predict')
    .description('segment images into mask PNGs')
    .argument('<model.onnx>', 'the model')
    .argument('<image...>', 'images, and folders of images')
    .requiredOption('-o, --output <folder>', 'where NAME_mask.png goes')
    .option('--overlay', 'also write NAME_overlay.png')
    .option(
      '--threshold <p>',
      'probability from which a pixel belongs to the mask',
      parseProbability,
      DEFAULT_THRESHOLD,
    )
    .action(async (model: string, images: string[], flags: Flags) => {
      const { predict } = await import('../predict.js');
      const bar = new SingleBar({ format: '{bar} {value}/{total} images', clearOnComplete: true });
      try {
        const report = await predict({
          ...flags,
          overlay: flags.overlay ?? false,
          model,
          images,
          onProgress: (done, total) => (done === 0 ? bar.start(total, 0) : bar.update(done)),
        });
        bar.stop();
        summarise(report);
      } finally {
        bar.stop();
      }
    });
}

function summarise({ predictions, failures }: PredictReport): void {
  const rows = predictions.map(({ image, masks, coverage, milliseconds }) => [
    image,
    masks.join(', '),
    coverage.map((share) => `${(share * 100).toFixed(1)} %`).join(', '),
    `${milliseconds.toFixed(0)} ms`,
  ]);
  if (rows.length > 0) print(table(['image', 'mask', 'inside', 'time'], rows));
  for (const { error } of failures) process.stderr.write(`nmode: ${error.message}\n`);
  if (failures.length > 0) {
    throw new NmodeError(
      'BAD_IMAGE',
      `${failures.length} of ${failures.length + predictions.length} images failed`,
    );
  }
}
