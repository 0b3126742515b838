import type { Command } from 'commander';
import type { BundleOptions } from '../../api/bundle.js';
import { FORMATS } from '../../bundles/formats.js';
import { parseCount, parsePath } from '../flags/arguments.js';
import { choice, type FlagsOf } from '../flags/options.js';
import { fields, printReport } from '../output/print.js';
import { withClock } from '../output/progress.js';

export function addBundle(program: Command): void {
  const ids = FORMATS.map(({ id }) => id);
  program
    .command('bundle')
    .description('write a model with the files that a serving or batch system needs')
    .argument('<model.onnx>', 'the model')
    .addOption(choice('--format <format>', 'target system', ids).makeOptionMandatory())
    .requiredOption('-o, --output <folder>', 'output folder; existing files are not replaced', parsePath)
    .option('--name <name>', "name of the model: a-z, 0-9 and '-' (default: from the file name)")
    .option(
      '--image <image>',
      'for kserve, k8s-job and docker: container image with nmode (default: nmode-onnx:VERSION)',
    )
    .option('--shards <n>', 'for k8s-job and slurm: number of tasks (default: 8)', parseCount)
    .option('--json', 'print one JSON document')
    .action(async (model: string, { json, ...flags }: FlagsOf<BundleOptions, 'model'>) => {
      const { bundle } = await import('../../api/bundle.js');
      const report = await withClock('writing', (signal) => bundle({ ...flags, model, signal }));
      printReport<'bundle'>(report, json, ({ name, files, whySingly }) =>
        fields([
          ['model', name],
          ...files.map((file): [string, string] => ['wrote', file]),
          ['batching', whySingly === undefined ? undefined : `off: ${whySingly}`],
        ]),
      );
    });
}
