#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { VERSION } from '../../exporters/version.js';
import { ERRORS, NmodeError, reason } from '../../graph/errors.js';
import { addBench } from './bench.js';
import { addCompare } from './compare.js';
import { addDemo } from './demo.js';
import { addDoctor } from './doctor.js';
import { addEval } from './eval.js';
import { addExport } from './export.js';
import { addGraft } from './graft.js';
import { addInspect } from './inspect.js';
import { leave } from './interruption.js';
import { addLoadTest } from './loadtest.js';
import { addOptimize } from './optimize.js';
import { addPredict } from './predict.js';
import { addServe } from './serve.js';
import { addVerify } from './verify.js';

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
