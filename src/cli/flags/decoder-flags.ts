import type { Command, Option } from 'commander';
import type { DecoderId } from '../../../exporters/assembly/describe.js';
import { HEADS } from '../../../exporters/assembly/head.js';
import { SOLVER_OPTIONS, SOLVERS, type SolverChoices } from '../../../exporters/decoders/solvers.js';
import { inWords } from '../../../graph/common/in-words.js';
import { flagOf } from './flag-words.js';
import { choice } from './options.js';

export function decoderOption(ids: readonly DecoderId[]): Option {
  const alike = inWords(
    SHARING.map(({ id }) => id.toUpperCase()),
    'and',
  );
  return choice(
    '--decoder <decoder>',
    `decoder; required where the keys do not show it: ${alike} have the same keys`,
    ids,
  );
}

/** Solvers of one convolution a step. */
const SHARING = SOLVERS.filter(({ weights }) => weights.length === 1);

export function headOption(): Option {
  const what = 'last operation of the model (default: sigmoid for one class; required for several)';
  return choice('--head <head>', what, HEADS);
}

/** The options of each solver; those of LMD begin with `--lmd-`. */
export function addSolverFlags(command: Command): Command {
  for (const { key, name, choices, help } of SOLVER_OPTIONS) {
    command.addOption(choice(`${flagOf(key)} <${name}>`, help, choices));
  }
  return command;
}

/** Options with what those flags say in `solverOptions`, under the names that tell solvers apart. */
export function withSolverOptions<O extends object>(options: O): O & { solverOptions?: SolverChoices } {
  const isOfSolver = ([name]: [string, unknown]) => SOLVER_OPTIONS.some(({ key }) => key === name);
  const chosen = Object.entries(options).filter(isOfSolver);
  const others = Object.entries(options).filter((entry) => !isOfSolver(entry));
  const solverOptions = chosen.length > 0 && { solverOptions: Object.fromEntries(chosen) };
  return { ...(Object.fromEntries(others) as O), ...solverOptions };
}
