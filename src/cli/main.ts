#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { ERRORS, NmodeError, reason } from '../../graph/common/errors.js';
import { VERSION } from '../../graph/common/version.js';
import { addBench } from './commands/bench.js';
import { addCompare } from './commands/compare.js';
import { addDemo } from './commands/demo.js';
import { addDoctor } from './commands/doctor.js';
import { addEval } from './commands/eval.js';
import { addExport } from './commands/export.js';
import { addGraft } from './commands/graft.js';
import { addInspect } from './commands/inspect.js';
import { addLoadTest } from './commands/loadtest.js';
import { addOptimize } from './commands/optimize.js';
import { addPredict } from './commands/predict.js';
import { addServe } from './commands/serve.js';
import { addVerify } from './commands/verify.js';
import { leave } from './interruption.js';

/** Runs the command line; the exit code. Errors are one line on standard error. */
async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('nmode')
    .description('From a trained U-like network with an nmODE decoder to ONNX and to masks.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(
          `${text
            .replace(/^error: /, 'nmode: ')
            .trim()
            .replaceAll('\n', ' ')}\n`,
        ),
    });
  for (const add of [
    addExport,
    addGraft,
    addVerify,
    addInspect,
    addPredict,
    addEval,
    addBench,
    addDoctor,
    addCompare,
    addDemo,
    addOptimize,
    addServe,
    addLoadTest,
  ])
    add(program);
  try {
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ERRORS.BAD_USAGE.exitCode;
    const known = error instanceof NmodeError;
    process.stderr.write(`nmode: ${known ? '' : 'unexpected failure: '}${reason(error)}\n`);
    return known ? error.exitCode : ERRORS.CANNOT_RUN.exitCode;
  }
}

// What nobody reads any more, or no disk has room for, changes nothing of the work.
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`nmode inspect ... | head`) is no failure.
  if (error.code === 'EPIPE') return;
  process.stderr.write(`nmode: standard output cannot be written: ${reason(error)}\n`);
  process.exitCode ||= ERRORS.CANNOT_WRITE.exitCode;
});
const exitCode = await run(process.argv);
if (exitCode === ERRORS.INTERRUPTED.exitCode) leave();
if (exitCode !== 0) process.exitCode = exitCode;
