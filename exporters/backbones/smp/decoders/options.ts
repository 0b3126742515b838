import { NmodeError } from '../../../../graph/common/errors.js';
import type { Arguments } from '../../arguments/arguments.js';
import { type Fields, isFields } from '../../arguments/extras.js';
import type { Norm } from '../../norm.js';
import type { Attention } from './layers.js';

const TYPES = ['batchnorm', 'identity', 'layernorm', 'instancenorm', 'inplace'] as const;
const EPSILON = 1e-5;
const NAMES = ['decoder_use_batchnorm', 'decoder_use_norm'];

/** `decoder_use_norm`, or `decoder_use_batchnorm` as it was called before. */
export function normOf(args: Arguments): Norm {
  // The older name goes first, as in smp.
  const value = args.value(...NAMES) ?? true;
  const bad = (expected: string) => args.fault(NAMES, expected);
  const given = typeof value === 'boolean' ? (value ? 'batchnorm' : 'identity') : value;
  const { type: named, ...options }: Fields = isFields(given) ? given : { type: given };
  const type = TYPES.find((known) => known === (typeof named === 'string' ? named.toLowerCase() : named));
  if (type === undefined) throw bad(`true, false, one of ${TYPES.join(', ')}, or an object with such a type`);
  if (type === 'inplace' || type === 'layernorm') {
    const { code, text } = args.claim(NAMES);
    throw new NmodeError(
      code,
      `${text}, which is not written: the decoder has to be trained with batchnorm, instancenorm or identity`,
    );
  }
  const flag = (name: string, otherwise: boolean): boolean => {
    const found = options[name] ?? otherwise;
    if (typeof found !== 'boolean') throw bad(`${name} to be true or false`);
    return found;
  };
  const { eps = EPSILON, momentum: _, affine: __, track_running_stats: ___, ...others } = options;
  const [other] = Object.keys(others);
  if (other !== undefined) throw bad(`eps, momentum, affine and track_running_stats, without ${other}`);
  if (typeof eps !== 'number' || !(eps >= 0 && eps <= 1)) throw bad('an eps from 0 to 1');
  const tracked = flag('track_running_stats', type === 'batchnorm');
  if (type === 'batchnorm' && !tracked)
    throw bad(
      'track_running_stats to be true: without, what one image gives depends on all others of its batch',
    );
  return { type, eps, affine: flag('affine', type === 'batchnorm'), tracked };
}

/** `decoder_attention_type`. */
export function attentionOf(args: Arguments): Attention {
  const value = args.value('decoder_attention_type') ?? null;
  if (value !== null && value !== 'scse') throw args.fault(['decoder_attention_type'], 'null or scse');
  return value;
}
