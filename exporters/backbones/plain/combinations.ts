import { type Choices, FACTORS, type Name, optionsOf, USUAL } from './choices.js';
import type { Wiring } from './wiring.js';

/** What is taken for what leaves no trace in a state dict. */
export interface Chosen {
  readonly choices: Choices;
  /** Those that there was something to choose of, in order. */
  readonly asked: readonly Name[];
  readonly cost: number;
}

/** What differs from a combination in one thing. */
export function alternatives(wiring: Wiring, { choices, asked, cost }: Chosen): readonly Chosen[] {
  return FACTORS.flatMap((factor) => {
    const { name } = factor;
    const values = asked.includes(name) ? optionsOf(factor, wiring) : [];
    const [, own] = values.find(([value]) => value === choices[name]) ?? [undefined, 0];
    return values
      .filter(([value]) => value !== choices[name])
      .map(([value, extra]) => ({ choices: { ...choices, [name]: value }, asked, cost: cost - own + extra }));
  });
}

/** The same choices for another wiring; undefined where it leaves others to choose. */
export function chosenFor(wiring: Wiring, { choices, asked }: Chosen): Chosen | undefined {
  let cost = 0;
  for (const factor of FACTORS) {
    const { name } = factor;
    const values = optionsOf(factor, wiring);
    if (values.length > 0 !== asked.includes(name)) return undefined;
    const same = values.find(([value]) => value === choices[name]);
    if (values.length > 0 && same === undefined) return undefined;
    const [, extra] = same ?? [undefined, 0];
    cost += extra;
  }
  return { choices, asked, cost };
}

/** Every combination for a wiring, or the most usual ones. */
export function combinations(wiring: Wiring, most = Number.POSITIVE_INFINITY): readonly Chosen[] {
  let all: readonly Chosen[] = [{ choices: USUAL, asked: [], cost: 0 }];
  for (const factor of FACTORS) {
    const { name } = factor;
    const values = optionsOf(factor, wiring);
    if (values.length === 0) continue;
    all = all.flatMap(({ choices, asked, cost }) =>
      values.map(([value, extra]) => ({
        choices: { ...choices, [name]: value },
        asked: [...asked, name],
        cost: cost + extra,
      })),
    );
    if (all.length > most) all = [...all].sort((a, b) => a.cost - b.cost).slice(0, most);
  }
  return all;
}
