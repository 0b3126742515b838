import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { NmodeError } from '../../graph/errors.js';
import { DEFAULT_THRESHOLD } from '../../runtime/parity.js';
import type { PredictReport } from '../index.js';
import { parseProbability } from './arguments.js';
import { print, printJson, table } from './print.js';

interface Flags {
  readonly output: string;
  readonly overlay?: true;
  readonly threshold: number;
  readonly json?: true;
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
    .option('--json', 'print one JSON document')
    .action(async (model: string, images: string[], { json, ...flags }: Flags) => {
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
        if (json) printJson(predictionJson(report));
        else if (report.predictions.length > 0) print(predictionText(report));
        refuseFailures(report);
      } finally {
        bar.stop();
      }
    });
}

/** An error's message is no enumerable property. */
function predictionJson({ predictions, failures }: PredictReport) {
  return { predictions, failures: failures.map(({ image, error }) => ({ image, error: error.message })) };
}

function predictionText({ predictions }: PredictReport): string {
  const rows = predictions.map(({ image, masks, coverage, milliseconds }) => [
    image,
    masks.join(', '),
    coverage.map((share) => `${(share * 100).toFixed(1)} %`).join(', '),
    `${milliseconds.toFixed(0)} ms`,
  ]);
  return table(['image', 'mask', 'inside', 'time'], rows);
}

/** One line for each image that failed, and the exit code of a bad file. */
function refuseFailures({ predictions, failures }: PredictReport): void {
  const [first, ...others] = failures;
  if (first !== undefined && others.length + predictions.length === 0) throw first.error;
  for (const { error } of failures) process.stderr.write(`nmode: ${error.message}\n`);
  if (failures.length > 0) {
    throw new NmodeError(
      'BAD_IMAGE',
      `${failures.length} of ${failures.length + predictions.length} images failed`,
    );
  }
}
