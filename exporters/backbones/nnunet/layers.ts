import { isFields } from '../arguments/extras.js';
import type { NamedArguments } from '../backbone.js';

/** Classes of torch.nn whose layers go by another name here. */
const NAMES: Readonly<Record<string, string>> = {
  InstanceNorm: 'instance',
  BatchNorm: 'batch',
  SyncBatchNorm: 'syncbatch',
  SiLU: 'swish',
};

/** A class, as `torch.nn.modules.instancenorm.InstanceNorm3d`, and its options, as layers are named here. */
function named(value: unknown, kwargs: unknown): unknown {
  if (typeof value !== 'string') return value;
  const name = value.slice(value.lastIndexOf('.') + 1).replace(/[123]d$/, '');
  return [Object.hasOwn(NAMES, name) ? NAMES[name] : name.toLowerCase(), isFields(kwargs) ? kwargs : {}];
}

/** Arguments with the layers of `norm_op` and `nonlin` beside their options in one; options alone are of the layer that `beneath` has. */
export function withLayers(values: NamedArguments, beneath: NamedArguments = {}): NamedArguments {
  const { norm_op_kwargs: normOptions, nonlin_kwargs: actOptions, ...others } = values;
  const layer = (name: 'norm_op' | 'nonlin', options: unknown) => {
    const below = beneath[name];
    const value =
      values[name] ?? (isFields(options) && Array.isArray(below) ? [below[0], options] : values[name]);
    return value === undefined ? {} : { [name]: named(value, options) };
  };
  return { ...others, ...layer('norm_op', normOptions), ...layer('nonlin', actOptions) };
}

/** What the keys of a norm show of it. */
type Trace = 'statistics' | 'weights' | 'nothing';

function traceOf(norm: unknown): Trace {
  const [name, options] = Array.isArray(norm) ? norm : [norm];
  const { affine = false, track_running_stats: tracked = false } = isFields(options) ? options : {};
  if (name === 'batch' || name === 'syncbatch' || tracked === true) return 'statistics';
  return name === 'instance' && affine === true ? 'weights' : 'nothing';
}

/** The norm of a plan or, where keys show another, that: a trainer may have put it in the plan's place. */
export function normByKeys(planned: unknown, found: unknown): unknown {
  const [before, options] = Array.isArray(planned) ? planned : [planned];
  // What is not known is left to be refused.
  const isKnown = (before ?? null) === null || Object.values(NAMES).includes(String(before));
  if (!isKnown || traceOf(planned) === traceOf(found)) return planned;
  const [name, own] = Array.isArray(found) ? found : [found];
  return name === null
    ? null
    : [name, { ...own, ...(isFields(options) && options.eps !== undefined && { eps: options.eps }) }];
}

/** `instance`, or `none`. */
export const layerText = (layer: unknown): string =>
  String((Array.isArray(layer) ? layer[0] : layer) ?? 'none');
