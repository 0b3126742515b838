import type { Command } from 'commander';
import { badImage } from '../../../graph/common/errors.js';
import type { MergeOptions } from '../../api/merge.js';
import { count } from '../../reports/figures.js';
import type { InFlags } from '../flags/flag-words.js';
import type { FlagsOf } from '../flags/options.js';
import {
  evaluationInWords,
  evaluationText,
  failuresInWords,
  noteEvaluation,
} from '../output/evaluation-text.js';
import { fields, print, printJson, printReport } from '../output/print.js';
import { withProgress } from '../output/progress.js';

export function addMerge(program: Command, inFlags: InFlags): void {
  program
    .command('merge')
    .description('combine the shards of predict or eval')
    .argument('<folder...>', 'folders of shards, or their manifests')
    .requiredOption('-o, --output <folder>', 'output folder; may be the folder of the shards')
    .option('--json', 'print one JSON document; for shards of eval, that of eval')
    .action(async (shards: string[], { output, json }: FlagsOf<MergeOptions, 'shards'>) => {
      const { merge } = await import('../../api/merge.js');
      const merged = await withProgress('images', (watching) => merge({ shards, output, ...watching }));
      if (merged.evaluation !== undefined) {
        const evaluation = await evaluationInWords(merged.evaluation, inFlags);
        printReport<'eval'>(evaluation, json, evaluationText);
        return noteEvaluation(evaluation);
      }
      const { failures, images, outputs, manifest } = merged;
      const worded = await failuresInWords(failures, inFlags);
      if (json) printJson<'merge'>({ ...merged, failures: worded });
      else {
        print(
          fields([
            ['images', `${count(images)} of ${count(merged.shards)} shards`],
            ['outputs', `${count(outputs)}, each with its original hash`],
            ['manifest', manifest],
          ]),
        );
      }
      for (const { error } of worded) process.stderr.write(`nmode: ${error}\n`);
      if (worded.length === 0) return;
      throw badImage(`${worded.length} of ${images} images failed`);
    });
}
