import type { Command, Option } from 'commander';
import type { DecoderId } from '../../../exporters/assembly/describe.js';
import { HEADS } from '../../../exporters/assembly/head.js';
import { SOLVER_OPTIONS, type SolverChoices } from '../../../exporters/decoders/solvers.js';
import { flagOf } from './flag-words.js';
import { choice } from './options.js';

export function decoderOption(ids: readonly DecoderId[]): Option {
  return choice('--decoder <decoder>', 'needed where the keys cannot tell: EED and LMD share theirs', ids);
}

export function headOption(): Option {
  const what = 'what the model ends in (default: sigmoid for one class; needed for several)';
  return choice('--head <head>', what, HEADS);
}

/** The options of each solver; those of LMD begin with `--lmd-`. */
export function addSolverFlags(command: Command): Command {
  for (const { key, name, choices, help } of SOLVER_OPTIONS) {
    command.addOption(choice(`${flagOf(key)} <${name}>`, help, choices));
  }
  return command;
}

/** What those flags say. */
export function solverOptions(flags: object): { readonly solverOptions?: SolverChoices } {
  const given = new Map<string, string>(Object.entries(flags));
  const chosen = SOLVER_OPTIONS.flatMap(({ key, name }) => {
    const value = given.get(key);
    return value === undefined ? [] : [[name, value]];
  });
  return chosen.length > 0 ? { solverOptions: Object.fromEntries(chosen) } : {};
}
