import { tmpdir } from 'node:os';
import { Command, CommanderError } from 'commander';
import { ERRORS, NmodeError, reason } from '../../graph/common/errors.js';
import { VERSION } from '../../graph/common/version.js';
import { type InFlags, inFlagsOf } from './flags/flag-words.js';
import { leave } from './interruption.js';

type AddCommand = (program: Command, inFlags: InFlags) => void;

/** In the order of `--help`. A command loads its module when it is asked for: what the others need takes longer than some exports. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  export: async () => (await import('./commands/export.js')).addExport,
  graft: async () => (await import('./commands/graft.js')).addGraft,
  verify: async () => (await import('./commands/verify.js')).addVerify,
  inspect: async () => (await import('./commands/inspect.js')).addInspect,
  predict: async () => (await import('./commands/predict.js')).addPredict,
  eval: async () => (await import('./commands/eval.js')).addEval,
  merge: async () => (await import('./commands/merge.js')).addMerge,
  bench: async () => (await import('./commands/bench.js')).addBench,
  doctor: async () => (await import('./commands/doctor.js')).addDoctor,
  compare: async () => (await import('./commands/compare.js')).addCompare,
  demo: async () => (await import('./commands/demo.js')).addDemo,
  slim: async () => (await import('./commands/slim.js')).addSlim,
  optimize: async () => (await import('./commands/optimize.js')).addOptimize,
  serve: async () => (await import('./commands/serve.js')).addServe,
  bundle: async () => (await import('./commands/bundle.js')).addBundle,
  loadtest: async () => (await import('./commands/loadtest.js')).addLoadTest,
};

const inFlags = inFlagsOf(async () => {
  const program = new Command();
  for (const load of Object.values(COMMANDS)) (await load())(program, inFlags);
  return program.commands;
});

/** Whether a subcommand did its work; one that only told how it is used did not. */
export let hasWorked = false;

/** Runs the command line; the exit code. Errors are one line on standard error. */
async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('nmode')
    .description('Export trained segmentation networks to ONNX, make them smaller and faster, and run them.')
    .version(VERSION)
    .exitOverride()
    // Beside the longest command there are fewer columns on a terminal of 80 than commander wraps to.
    .configureHelp({ minWidthToWrap: 30 })
    .configureOutput({
      outputError: (text, write) =>
        write(
          `${text
            .replace(/^error: /, 'nmode: ')
            .trim()
            .replaceAll('\n', ' ')}\n`,
        ),
    });
  const [, , asked] = argv;
  const isKnown = asked !== undefined && Object.hasOwn(COMMANDS, asked);
  for (const [name, load] of Object.entries(COMMANDS)) {
    if (!isKnown || name === asked) (await load())(program, inFlags);
  }
  try {
    await program.parseAsync(argv);
    hasWorked = true;
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ERRORS.BAD_USAGE.exitCode;
    const known = error instanceof NmodeError;
    if (known) for (const line of error.detail) process.stderr.write(`${line}\n`);
    const message = known ? await inFlags(error.message) : `unexpected failure: ${reason(error)}`;
    process.stderr.write(`nmode: ${message}\n`);
    return known ? error.exitCode : ERRORS.CANNOT_RUN.exitCode;
  }
}

// Drivers of graphics cards look for a desktop, and complain on standard error where there is none.
if (process.platform === 'linux') process.env.XDG_RUNTIME_DIR ??= tmpdir();
// What nobody reads any more, or no disk has room for, changes nothing of the work.
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`nmode inspect ... | head`) is no failure.
  if (error.code === 'EPIPE') return;
  process.stderr.write(`nmode: standard output cannot be written: ${reason(error)}\n`);
  process.exitCode ||= ERRORS.CANNOT_WRITE.exitCode;
});
run(process.argv).then((exitCode) => {
  if (exitCode === ERRORS.INTERRUPTED.exitCode) leave();
  if (exitCode !== 0) process.exitCode = exitCode;
});
