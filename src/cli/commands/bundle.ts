import type { Command } from 'commander';
import type { BundleOptions } from '../../api/bundle.js';
import { FORMATS } from '../../bundles/formats.js';
import { parseCount, parsePath } from '../flags/arguments.js';
import { choice } from '../flags/options.js';
import { fields, printReport } from '../output/print.js';

interface Flags extends Omit<BundleOptions, 'model'> {
  readonly json?: true;
}

export function addBundle(program: Command): void {
  const ids = FORMATS.map(({ id }) => id);
  program
    .command('bundle')
    .description('write a model with what an engine needs to run it')
    .argument('<model.onnx>', 'the model')
    .addOption(choice('--format <format>', 'what for', ids).makeOptionMandatory())
    .requiredOption('-o, --output <folder>', 'where the files go; nothing in it is replaced', parsePath)
    .option('--name <name>', "of the model there: a-z, 0-9 and '-' (default: by its file)")
    .option(
      '--image <image>',
      'the container that has nmode, of kserve, k8s-job and docker (default: nmode-onnx:VERSION)',
    )
    .option('--shards <n>', 'tasks of a batch, of k8s-job and slurm (default: 8)', parseCount)
    .option('--json', 'print one JSON document')
    .action(async (model: string, { json, ...flags }: Flags) => {
      const { bundle } = await import('../../api/bundle.js');
      const report = await bundle({ ...flags, model });
      printReport(report, json, ({ name, files, whySingly }) =>
        fields([
          ['model', name],
          ...files.map((file): [string, string] => ['wrote', file]),
          ['batching', whySingly === undefined ? undefined : `off: ${whySingly}`],
        ]),
      );
    });
}
