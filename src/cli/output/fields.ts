import { ofNetwork } from '../../../exporters/assembly/assumptions.js';
import {
  type Assumption,
  assumptionsText,
  type CheckedAssumption,
} from '../../../graph/recipe/assumption.js';
import { type UntypedNode, untypedText } from '../../../graph/rewriting/untyped.js';
import { shardText } from '../../batch/shard.js';
import type { ShardReport } from '../../batch/shard-run.js';
import type { ModelReport } from '../../index.js';
import { count, macsText } from '../../reports/figures.js';
import { flagOf } from '../flags/flag-words.js';
import { type Field, paragraph, shapeLine } from './print.js';

/** What is assumed of a model's images and classes. */
export function assumedField(assumed: readonly Assumption[]): Field {
  return ['assumed', assumed.length > 0 ? assumptionsText(assumed, flagOf) : undefined];
}

const OF_LOGITS = 'not verified, since the reference holds logits';

/** The same as a line of its own; '' where nothing is. */
export function assumedLine(assumed: readonly Assumption[]): string {
  const [label, text] = assumedField(assumed);
  return text === undefined ? '' : paragraph(`${label}: ${text}`);
}

/**
 * What was taken for what a checkpoint does not say. (How images are prepared has a line of its own.)
 * @param isCompared whether there was a reference, which then leaves unverified only what follows its logits
 */
export function assumedNetworkField(assumed: readonly CheckedAssumption[], isCompared: boolean): Field {
  const network = ofNetwork(assumed);
  const [proven, open] = [true, false].map((is) => network.filter(({ verified }) => verified === is));
  const [label, text] = assumedField(network);
  const all = (status: string): Field => [label, text && `${text}; ${status}`];
  if (!open?.length) return all('verified by the reference');
  if (!proven?.length) return all(isCompared ? OF_LOGITS : 'not verified: give --reference');
  const [ofProven, ofOpen] = [proven, open].map((some) => assumptionsText(some, flagOf));
  return [
    label,
    `${ofOpen}; ${isCompared ? OF_LOGITS : 'not verified'}. Verified by the reference: ${ofProven}`,
  ];
}

/** What a network costs; without multiply-adds where operators are not known. */
export function costField(report: Pick<ModelReport, 'parameters' | 'macs' | 'macsAt'>): Field {
  const { parameters, macs, macsAt } = report;
  const work = macs === undefined ? '' : `, ${macsText(macs)} multiply-adds at ${shapeLine(macsAt)}`;
  return ['cost', `${count(parameters)} parameters${work}`];
}

/** Of a rewritten model, and of one that is inspected. @param why list them one by one */
export function untypedFields(untyped: readonly UntypedNode[], why?: true): readonly Field[] {
  if (untyped.length === 0) return [['untyped', why && 'none: all types are known']];
  if (why) return untyped.map((node) => ['untyped', untypedText(node)]);
  const behind = untyped.flatMap(({ keeps }) => Object.values(keeps)).reduce((sum, each) => sum + each, 0);
  const nodes = untyped.length === 1 ? '1 node' : `${untyped.length} nodes`;
  return [['untyped', `${nodes} and ${behind} after them, which the rules skip (--why lists all)`]];
}

/** Which part it was, and what was done before. */
export function shardField(shard: ShardReport | undefined): Field {
  if (shard === undefined) return ['shard', undefined];
  const before = shard.resumed === 0 ? '' : `, ${count(shard.resumed)} done before`;
  return ['shard', `${shardText(shard)} of ${count(shard.images)} images${before}, ${shard.manifest}`];
}
