import { adamsBashforthMoulton } from './abm.js';
import { explicitEuler } from './euler.js';
import { heun } from './heun.js';
import { multistep } from './multistep.js';
import type { Solver } from './solver.js';
import { type PublishedForm, RELEASE } from './variant.js';

/** Every solver. */
export const SOLVERS = [explicitEuler, heun, multistep, adamsBashforthMoulton] as const;

export type SolverId = (typeof SOLVERS)[number]['id'];
export const SOLVER_IDS: readonly SolverId[] = SOLVERS.map(({ id }) => id);

export function solverOf(id: SolverId): Solver {
  const found = SOLVERS.find((solver) => solver.id === id);
  if (found === undefined) throw new TypeError(`no solver ${id}`);
  return found;
}

/** The steps that a solver was published with. */
export const publishedForm = (id: SolverId): PublishedForm => solverOf(id).published ?? RELEASE;

/** The options that are chosen for a solver, by their names. */
export type SolverChoices = Readonly<Record<string, string>>;

/** What an option is called where solvers stand together: LMD's `form` is `lmdForm`. */
export function optionKey(id: string, name: string): string {
  return `${id}${name.replace(/^./, (letter) => letter.toUpperCase())}`;
}

/** The options of all solvers. */
export const SOLVER_OPTIONS = SOLVERS.flatMap(({ id, options }: Solver) =>
  Object.entries(options).map(([name, option]) => ({ ...option, name, key: optionKey(id, name) })),
);
