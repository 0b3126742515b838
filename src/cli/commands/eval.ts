import { type Command, Option } from 'commander';
import { badUsage } from '../../../graph/common/errors.js';
import type { EvaluateOptions } from '../../api/evaluate.js';
import type { EvaluationReport } from '../../reports/evaluation-counts.js';
import { count } from '../../reports/figures.js';
import type { InFlags } from '../flags/flag-words.js';
import { addModelFlags, inputsOption } from '../flags/model-flags.js';
import { type FlagsOf, optionsOf } from '../flags/options.js';
import { addSegmentingFlags, addTruthFlags, shardOption } from '../flags/run-flags.js';
import { evaluationInWords, evaluationText, noteEvaluation } from '../output/evaluation-text.js';
import { shardField } from '../output/fields.js';
import { fields, printReport } from '../output/print.js';
import { withProgress } from '../output/progress.js';

export function addEval(program: Command, inFlags: InFlags): void {
  const command = program
    .command('eval')
    .description('evaluate a model against ground-truth masks')
    .argument('<model.onnx>', 'the model')
    .requiredOption('--images <folder>', 'the images')
    .requiredOption(
      '--masks <folder>',
      'ground-truth masks: NAME.png, NAME_mask.png or NAME_segmentation.png (or another format), black and white, or label maps for several classes; may be the same folder',
    )
    .addOption(inputsOption('for models with several channels'));
  addTruthFlags(command)
    .addOption(
      new Option(
        '--at <size>',
        "count pixels at the network's input size, as the release does, or at each image's own size",
      )
        .choices(['network', 'image'])
        .default('network'),
    )
    .option('--report <file.html>', 'also write a report with pictures of the worst images')
    .addOption(shardOption())
    .option('-o, --output <folder>', 'with --shard: output folder for its counts')
    .option('--json', 'print one JSON document');
  addSegmentingFlags(addModelFlags(command)).action(
    async (model: string, flags: FlagsOf<EvaluateOptions, 'model'>) => {
      if (flags.output !== undefined && flags.shard === undefined) {
        throw badUsage('--output is the folder for the counts of a shard: give --shard as well');
      }
      const { evaluate } = await import('../../api/evaluate.js');
      const options = { ...optionsOf(flags), model };
      const found = await withProgress('images', (watching) => evaluate({ ...options, ...watching }));
      const report = await evaluationInWords(found, inFlags);
      printReport<'eval'>(
        report,
        flags.json,
        report.shard && report.shard.count > 1 ? shardText : evaluationText,
      );
      noteEvaluation(report);
    },
  );
}

/** What part of the images comes to says nothing of all: `nmode merge` tells that. */
function shardText({ images, shard }: EvaluationReport): string {
  return fields([['images', `${count(images)} counted`], shardField(shard)]);
}
