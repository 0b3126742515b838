import { shardText } from '../../batch/shard.js';
import type { ShardReport } from '../../batch/shard-run.js';
import { count } from '../../reports/figures.js';
import type { Field } from './print.js';

/** Which part it was, and what was done before. */
export function shardField(shard: ShardReport | undefined): Field {
  if (shard === undefined) return ['shard', undefined];
  const before = shard.resumed === 0 ? '' : `, ${count(shard.resumed)} done before`;
  return ['shard', `${shardText(shard)} of ${count(shard.images)} images${before}, ${shard.manifest}`];
}
