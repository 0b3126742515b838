import { basename, relative } from 'node:path';
import type { Command } from 'commander';
import { badImage, badUsage } from '../../../graph/common/errors.js';
import { assumptionsText } from '../../../graph/recipe/assumption.js';
import { recipeSummary } from '../../../graph/recipe/recipe.js';
import { classesText } from '../../../runtime/masks/classes.js';
import type { ProbabilityFormat } from '../../api/predict/predict-files.js';
import type { ClassRegions, Prediction, PredictOptions, PredictReport } from '../../api/predict.js';
import { warningLines } from '../../files/file-warnings.js';
import { count } from '../../reports/figures.js';
import { parsePositive } from '../flags/arguments.js';
import { flagOf, type InFlags } from '../flags/flag-words.js';
import { addModelFlags, inputsOption } from '../flags/model-flags.js';
import { choice, type FlagsOf, optionsOf } from '../flags/options.js';
import { addSegmentingFlags, shardOption } from '../flags/run-flags.js';
import { assumedField, shardField } from '../output/fields.js';
import { note, noteFallback, noteTiles, warn } from '../output/notes.js';
import { fields, print, printJson, table } from '../output/print.js';
import { withProgress } from '../output/progress.js';

/** As for `predict`, which is loaded only when it is used. */
const FORMATS = ['npy', 'png16'] as const satisfies readonly ProbabilityFormat[];

type Flags = FlagsOf<PredictOptions, 'model' | 'images'>;

export function addPredict(program: Command, inFlags: InFlags): void {
  const command = program
    .command('predict')
    .description('segment images and write masks as PNG')
    .argument('<model.onnx>', 'the model')
    .argument('[image...]', 'images or folders of images; - for standard input')
    .requiredOption(
      '-o, --output <folder>',
      'output folder for NAME_mask.png; - writes one mask to standard output',
    )
    .addOption(inputsOption('for models with several channels'))
    .option('--overlay', 'also write NAME_overlay.png')
    .addOption(choice('--probabilities <format>', 'also write NAME_probabilities', FORMATS))
    .option('--mm-per-px <mm>', 'side of a pixel in millimetres; also reports areas in mm2', parsePositive)
    .addOption(shardOption())
    .option('--json', 'print one JSON document with areas, boxes and counts');
  addSegmentingFlags(addModelFlags(command)).action(async (model: string, images: string[], flags: Flags) => {
    const { json } = flags;
    if (json && flags.output === '-') {
      throw badUsage('standard output takes the mask or the JSON document, not both');
    }
    const { predict } = await import('../../api/predict.js');
    const options = { ...optionsOf(flags), model, images };
    const report = await withProgress('images', (watching) => predict({ ...options, ...watching }));
    if (json) printJson<'predict'>(await predictionJson(report, inFlags));
    else if (flags.output === '-') noteAssumed(report);
    else if (report.predictions.length > 0 || report.shard) print(predictionText(report, flags));
    noteFallback(report.provider);
    const warned = report.predictions.map(({ image, warnings }) => ({ name: basename(image), warnings }));
    warningLines(warned).forEach(warn);
    for (const { image, tiling } of report.predictions) if (tiling) noteTiles(image, tiling);
    await refuseFailures(report, inFlags);
  });
}

/** An error's message is no enumerable property. */
async function predictionJson({ failures, ...report }: PredictReport, inFlags: InFlags) {
  const plain = failures.map(async ({ image, error: { code, message } }) => {
    return { image, code, error: await inFlags(message) };
  });
  return { ...report, failures: await Promise.all(plain) };
}

/** Standard output has the mask. */
function noteAssumed({ assumed }: PredictReport): void {
  if (assumed.length > 0) note(`assumed ${assumptionsText(assumed, flagOf)}`);
}

function predictionText(
  { predictions, failures, provider, recipe, semantics, assumed, shard }: PredictReport,
  { output, threshold }: Pick<Flags, 'output' | 'threshold'>,
): string {
  const rows = predictions.map((prediction) => [
    prediction.image,
    filesOf(prediction)
      .map((file) => relative(output, file))
      .join(', '),
    prediction.classes.map(insideText).join(', '),
    prediction.classes.map(({ count: parts }) => count(parts)).join(', '),
    `${(prediction.timings.total - prediction.timings.queue).toFixed(0)} ms`,
  ]);
  const failed = failures.length > 0 ? `, ${failures.length} failed` : '';
  return [
    ...(rows.length === 0 ? [] : [table(['image', 'files', 'inside', 'parts', 'time'], rows)]),
    fields([
      ['prepared', recipeSummary(recipe)],
      ['classes', semantics.count > 1 ? classesText(semantics, semantics.count, threshold) : undefined],
      assumedField(assumed),
      ['masks', `in ${output}`],
      shardField(shard),
    ]),
    `${predictions.length} segmented on ${provider.effective}${failed}`,
  ].join('\n');
}

/** All that was written of an image. */
function filesOf({ masks, labels, overlay, probabilities = [] }: Prediction): readonly string[] {
  return [...masks, ...(labels ? [labels] : []), ...(overlay ? [overlay] : []), ...probabilities];
}

function insideText({ name, area, coverage }: ClassRegions): string {
  const size = area.mm2 === undefined ? '' : ` (${area.mm2.toPrecision(4)} mm2)`;
  return `${name === undefined ? '' : `${name} `}${(coverage * 100).toFixed(1)} %${size}`;
}

/** One line for each image that failed, and the exit code of a bad file. */
async function refuseFailures({ predictions, failures }: PredictReport, inFlags: InFlags): Promise<void> {
  const [first] = failures;
  if (first === undefined) return;
  const total = failures.length + predictions.length;
  if (total === 1) throw first.error;
  for (const { error } of failures) process.stderr.write(`nmode: ${await inFlags(error.message)}\n`);
  throw badImage(`${failures.length} of ${total} images failed`);
}
