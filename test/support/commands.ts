import { Command } from 'commander';
import { addBench } from '../../src/cli/commands/bench.js';
import { addBundle } from '../../src/cli/commands/bundle.js';
import { addCompare } from '../../src/cli/commands/compare.js';
import { addDemo } from '../../src/cli/commands/demo.js';
import { addDoctor } from '../../src/cli/commands/doctor.js';
import { addEval } from '../../src/cli/commands/eval.js';
import { addExport } from '../../src/cli/commands/export.js';
import { addGraft } from '../../src/cli/commands/graft.js';
import { addInspect } from '../../src/cli/commands/inspect.js';
import { addLoadTest } from '../../src/cli/commands/loadtest.js';
import { addMerge } from '../../src/cli/commands/merge.js';
import { addOptimize } from '../../src/cli/commands/optimize.js';
import { addPredict } from '../../src/cli/commands/predict.js';
import { addServe } from '../../src/cli/commands/serve.js';
import { addSlim } from '../../src/cli/commands/slim.js';
import { addVerify } from '../../src/cli/commands/verify.js';
import type { InFlags } from '../../src/cli/flags/flag-words.js';

/** Every command of the command line, as `nmode` has them. */
export function allCommands(inFlags: InFlags = async (text) => text): readonly Command[] {
  const program = new Command();
  for (const add of [addBench, addCompare, addDemo, addDoctor, addLoadTest, addOptimize]) add(program);
  for (const add of [
    addBundle,
    addEval,
    addExport,
    addGraft,
    addInspect,
    addMerge,
    addPredict,
    addServe,
    addSlim,
    addVerify,
  ]) {
    add(program, inFlags);
  }
  return program.commands;
}
