import { readFileSync } from 'node:fs';
import { publishedForm, type SolverId } from '../../exporters/decoders/solvers.js';
import { fixture } from './fixtures.js';

/** A network of fixtures/light/cases.json. */
export interface LightCase {
  readonly backbone: string;
  readonly decoder: SolverId | 'original';
  readonly keys: Readonly<Record<string, readonly number[]>>;
}

/** Of their inputs. */
export const {
  shape: LIGHT_SHAPE,
  cases: LIGHT_CASES,
}: { readonly shape: readonly number[]; readonly cases: Readonly<Record<string, LightCase>> } = JSON.parse(
  readFileSync(fixture('light', 'cases.json'), 'utf8'),
);

/** What its keys do not say of a case. */
export const hintsOfLight = (name: string, { decoder }: Pick<LightCase, 'decoder'>) => ({
  ...(name === 'unext' && { head: 'none' as const }),
  decoder,
  ...(decoder !== 'original' && { activation: publishedForm(decoder).activation }),
});
