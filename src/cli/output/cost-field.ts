import type { ModelReport } from '../../index.js';
import { count, macsText } from '../../reports/figures.js';
import { type Field, shapeLine } from './print.js';

/** What a network costs; without multiply-adds where operators are not known. */
export function costField({
  parameters,
  macs,
  macsAt,
}: Pick<ModelReport, 'parameters' | 'macs' | 'macsAt'>): Field {
  const work = macs === undefined ? '' : `, ${macsText(macs)} multiply-adds at ${shapeLine(macsAt)}`;
  return ['cost', `${count(parameters)} parameters${work}`];
}
