import { type Command, Option } from 'commander';
import type { Head } from '../../../exporters/assembly/head.js';
import { SOLVER_OPTIONS, type SolverChoices } from '../../../exporters/decoders/solvers.js';
import { flagOf } from '../../../graph/common/assumption.js';
import { pick } from '../../../graph/common/pick.js';
import type { Activation, DecoderId } from '../../index.js';

/** What is told of a decoder, where its keys cannot tell. */
export interface DecoderFlags<D extends DecoderId> {
  readonly decoder?: D;
  readonly activation?: Activation;
  readonly head?: Head;
}

export function decoderOption(choices: readonly DecoderId[]): Option {
  const why = 'needed where the keys cannot tell: EED and LMD share theirs';
  return new Option('--decoder <decoder>', why).choices(choices);
}

/** The options of each solver; those of LMD begin with `--lmd-`. */
export function addSolverFlags(command: Command): Command {
  for (const { key, name, choices, help } of SOLVER_OPTIONS) {
    command.addOption(new Option(`${flagOf(key)} <${name}>`, help).choices(choices));
  }
  return command;
}

export function decoderOptions<D extends DecoderId>(
  flags: DecoderFlags<D>,
): DecoderFlags<D> & { readonly solverOptions?: SolverChoices } {
  const given = new Map<string, string>(Object.entries(flags));
  const chosen = SOLVER_OPTIONS.flatMap(({ key, name }) => {
    const value = given.get(key);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...pick(flags, ['decoder', 'activation', 'head']),
    ...(chosen.length > 0 && { solverOptions: Object.fromEntries(chosen) }),
  };
}
