import { option } from '../../graph/common/option.js';
import type { Tensor } from '../../graph/ir/tensor.js';

/** What a user says of the keys of a state dict. */
export interface KeySelection {
  /** Prefix of the network's keys: it is removed, and keys without it are ignored. */
  readonly prefix?: string;
  /** Keys to ignore: whole keys, modules (`criterion`, `criterion.`) or patterns with `*`. */
  readonly ignore?: readonly string[];
}

/** Tensors under the keys that the network may have given them. */
export interface SelectedKeys {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What was removed from the beginning of every key. */
  readonly prefix: string;
  /** Keys of the file that were ignored. */
  readonly ignored: readonly string[];
}

/** Prefixes that DistributedDataParallel, torch.compile and Lightning's usual `self.model` put before every key. */
const PREFIXES = ['module.', '_orig_mod.', 'model.'];
const MAX_PREFIXES = 3;

/** Where torch.compile, FSDP and others keep what they wrap. No network's own modules are named so. */
const WRAPPERS = ['_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module', '_forward_module'];

/** What torch.optim.swa_utils.AveragedModel keeps beside the weights. */
const COUNTERS = ['n_averaged'];

/** @throws Error for a prefix that no key has, and for a pattern that no key fits */
export function selectKeys(
  stored: ReadonlyMap<string, Tensor>,
  { prefix, ignore = [] }: KeySelection = {},
): SelectedKeys {
  const ignored = ignoredKeys([...stored.keys()], ignore);
  const unwanted = new Set([...ignored, ...COUNTERS]);
  const rest = new Map([...stored].filter(([key]) => !unwanted.has(key)));
  const chosen = prefix === undefined ? { tensors: rest, prefix: '' } : below(rest, prefix);
  const { tensors, prefix: stripped } = stripPrefixes(chosen.tensors);
  const removed = `${chosen.prefix}${stripped}`;
  const taken = new Set([...tensors.keys()].map((key) => `${removed}${key}`));
  return {
    tensors: withoutWrappers(tensors),
    prefix: removed,
    ignored: [...stored.keys()].filter((key) => !taken.has(key)),
  };
}

/** The tensors whose keys begin with a prefix, which may miss its dot, without it. */
function below(tensors: ReadonlyMap<string, Tensor>, prefix: string): Omit<SelectedKeys, 'ignored'> {
  const common = stripPrefixes(tensors);
  for (const { tensors: those, prefix: removed } of [{ tensors, prefix: '' }, common]) {
    for (const start of prefix.endsWith('.') ? [prefix] : [`${prefix}.`, prefix]) {
      const found = [...those].filter(([key]) => key.startsWith(start) && key !== start);
      if (found.length > 0) {
        return {
          tensors: new Map(found.map(([key, tensor]) => [key.slice(start.length), tensor])),
          prefix: `${removed}${start}`,
        };
      }
    }
  }
  throw new Error(`no key begins with '${prefix}': ${beginnings([...tensors.keys()])}`);
}

const MAX_LISTED = 8;

/** What keys begin with, for messages: modules, and keys without a dot. */
export function beginnings(keys: readonly string[]): string {
  const starts = [...new Set(keys.map((key) => /^[^.]*\.?/.exec(key)?.[0] ?? key))];
  const more = starts.length > MAX_LISTED ? ` and ${starts.length - MAX_LISTED} more` : '';
  return `its ${keys.length} keys begin ${starts.slice(0, MAX_LISTED).join(', ')}${more}`;
}

function ignoredKeys(keys: readonly string[], patterns: readonly string[]): readonly string[] {
  return patterns.flatMap((pattern) => {
    const found = keys.filter((key) => fits(key, pattern));
    if (found.length === 0)
      throw new Error(`no key fits ${option('ignore')} '${pattern}': ${beginnings(keys)}`);
    return found;
  });
}

/** Whether a key is one of those that a user leaves aside. */
function fits(key: string, pattern: string): boolean {
  if (pattern.includes('*')) return fitsPattern(key, pattern);
  return key === pattern || key.startsWith(pattern.endsWith('.') ? pattern : `${pattern}.`);
}

/** `*` stands for any characters. It is matched by searching its parts in order, which costs no more than reading the text. */
export function fitsPattern(text: string, pattern: string): boolean {
  const [start = '', ...parts] = pattern.split('*');
  const end = parts.pop();
  if (end === undefined) return text === pattern;
  if (!text.startsWith(start)) return false;
  let at = start.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - end.length >= at && text.endsWith(end);
}

/** Removes prefixes that all keys have, one after another. */
export function stripPrefixes(tensors: ReadonlyMap<string, Tensor>): Omit<SelectedKeys, 'ignored'> {
  let stripped = tensors;
  let removed = '';
  for (let times = 0; times < MAX_PREFIXES && stripped.size > 0; times++) {
    const keys = [...stripped.keys()];
    const prefix = PREFIXES.find((start) => keys.every((key) => key.startsWith(start)));
    // A network that is one Sequential, `model.0`, calls that so itself (MONAI's UNet): nothing wraps it.
    const isOwn = prefix === 'model.' && keys.every((key) => /^\d+\./.test(key.slice(prefix.length)));
    if (prefix === undefined || isOwn) break;
    stripped = new Map(Array.from(stripped, ([key, tensor]) => [key.slice(prefix.length), tensor]));
    removed += prefix;
  }
  return { tensors: stripped, prefix: removed };
}

/** Removes wrappers within keys, as in `encoder._orig_mod.conv1.weight`; where that makes two keys equal, nothing. */
function withoutWrappers(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const renamed = new Map(Array.from(tensors, ([key, tensor]) => [withoutSegments(key, WRAPPERS), tensor]));
  return renamed.size === tensors.size ? renamed : tensors;
}

/** A key without the modules of these names, wherever they stand. */
export function withoutSegments(key: string, names: readonly string[]): string {
  if (!names.some((name) => key.includes(name))) return key;
  return key
    .split('.')
    .filter((segment) => !names.includes(segment))
    .join('.');
}
