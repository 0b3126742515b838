import { NmodeError, reason } from '../../graph/common/errors.js';
import { shapeText } from '../../graph/ir/dim.js';
import { aligned, byteLength, elementCount, type Tensor, type TensorView } from '../../graph/ir/tensor.js';
import { initializer, type Value } from '../../graph/ir/value.js';
import { toFloat32 } from '../checkpoints/float32.js';
import { UnreadableTensor, unreadableText } from '../checkpoints/unreadable.js';
import { SettingsInUse } from './settings.js';

/** The shapes of a state dict, by key. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Gives the tensor of a key; `shape` is what the network expects there. */
export type TensorSource = (key: string, shape: readonly number[]) => Tensor | undefined;

/** Weights of zeros, for counting. */
export const zeroWeights = (_key: string, dims: readonly number[]): Tensor => ({
  ...{ dtype: 'float32', dims },
  bytes: () => new Uint8Array(byteLength('float32', dims)),
});

/** The keys and shapes that a construction asks for. */
export function keysOf(construct: (weights: Weights) => void): Shapes {
  const shapes = new Map<string, readonly number[]>();
  const recording: TensorSource = (key, shape) => {
    shapes.set(key, shape);
    return zeroWeights(key, shape);
  };
  construct(Weights.from(recording));
  return shapes;
}

/** What helps where keys are missing or have other shapes. */
export const SAVE_WHOLE = 'save the whole model.state_dict() of one training again';

/** How many keys an error lists of each kind. */
const MAX_LISTED = 6;

const MAX_ITEM = 200;

/** Keys come from files, and files may be hostile: notes and metadata hold no endless ones, and no control characters. */
export function legible(text: string): string {
  const cut = text.length > MAX_ITEM ? `${text.slice(0, MAX_ITEM)}...` : text;
  return cut.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

export function listed(title: string, items: readonly string[]): string {
  const more = items.length > MAX_LISTED ? ` and ${items.length - MAX_LISTED} more` : '';
  return `${items.length} ${title}: ${items.slice(0, MAX_LISTED).map(legible).join(', ')}${more}`;
}

/** What all scopes of one set of weights share: what was asked for, and what did not fit. */
class Ledger {
  readonly values = new Map<string, Value>();
  readonly missing: string[] = [];
  readonly misshapen: string[] = [];
  readonly unreadable: [string, UnreadableTensor][] = [];
  readonly narrowed: string[] = [];
  readonly #finite = new Set<string>();

  constructor(
    readonly source: TensorSource,
    readonly file: string,
    readonly settings: SettingsInUse,
    readonly under: string,
  ) {}

  take(key: string, shape: readonly number[], as: readonly number[]): Value {
    const known = this.values.get(key);
    if (known !== undefined) return known;
    const value = initializer(`${this.under}${key}`, { ...this.#fitting(key, shape), dims: as });
    this.values.set(key, value);
    return value;
  }

  /** The tensor of a key, or zeros where it does not fit, so that all problems are found in one go. */
  #fitting(key: string, shape: readonly number[]): Tensor {
    const stored = this.source(key, shape);
    const converted = stored && toFloat32(stored);
    if (stored === undefined) {
      this.missing.push(key);
    } else if (stored instanceof UnreadableTensor) {
      this.unreadable.push([key, stored]);
    } else if (converted === undefined || shapeText(stored.dims) !== shapeText(shape)) {
      const expected = `${converted === undefined ? 'real floating-point numbers ' : ''}${shapeText(shape)}`;
      this.misshapen.push(`${key} is ${stored.dtype} ${shapeText(stored.dims)}, expected ${expected}`);
    } else {
      if (converted.isNarrowed) this.narrowed.push(key);
      return this.#checked(key, converted.tensor);
    }
    // Nothing reads it: `finish` tells what is wrong before. A hostile file may ask for any size.
    const bytes = () => {
      throw new NmodeError('BAD_CHECKPOINT', `${this.file}: tensor '${key}': it is missing or does not fit`);
    };
    return { dtype: 'float32', dims: shape, bytes };
  }

  #checked(key: string, tensor: Tensor): Tensor {
    const checked = (read: () => Uint8Array) => {
      try {
        const bytes = read();
        // Some are read several times: to be compared, and to be written.
        if (!this.#finite.has(key)) {
          checkFinite(bytes);
          if (key.endsWith('.running_var')) checkVariances(bytes);
        }
        this.#finite.add(key);
        return bytes;
      } catch (error) {
        throw new NmodeError('BAD_CHECKPOINT', `${this.file}: tensor '${key}': ${reason(error)}`, {
          cause: error,
        });
      }
    };
    const fill = (target: Uint8Array) => {
      checked(() => {
        tensor.fill?.(target);
        return target;
      });
    };
    return { ...tensor, bytes: () => checked(() => tensor.bytes()), ...(tensor.fill && { fill }) };
  }
}

/** A network with one such weight gives empty masks, silently. */
function checkFinite(bytes: Uint8Array): void {
  const { buffer, byteOffset, length } = aligned(bytes, 4);
  const values = new Float32Array(buffer, byteOffset, length / 4);
  // In double, no number of finite float32 values sums to infinity. To add each takes half the time of a test, a callback ten times it.
  let sum = 0;
  for (let element = 0; element < values.length; element++) sum += values[element] as number;
  if (Number.isFinite(sum)) return;
  const element = values.findIndex((value) => !Number.isFinite(value));
  throw new RangeError(
    `element ${element} is not a number or infinite: the training diverged, or the file is damaged`,
  );
}

/** The root of a negative variance is not a number. */
function checkVariances(bytes: Uint8Array): void {
  const { buffer, byteOffset, length } = aligned(bytes, 4);
  const least = new Float32Array(buffer, byteOffset, length / 4).findIndex((variance) => variance < 0);
  if (least >= 0) throw new RangeError(`element ${least} is a negative variance: the file is damaged`);
}

/** Whether a key need not be used: a counter's, or one that begins as one of these. */
export function isIgnored(key: string, beginnings: readonly string[] = []): boolean {
  return key.endsWith('.num_batches_tracked') || beginnings.some((beginning) => key.startsWith(beginning));
}

/** Named weights under a prefix of their state-dict keys. */
export class Weights {
  readonly #ledger: Ledger;
  readonly path: string;

  private constructor(ledger: Ledger, path: string) {
    this.#ledger = ledger;
    this.path = path;
  }

  /**
   * @param file what messages call the weights
   * @param settings what is known of the network and stands in no state dict
   * @param under what the names of a graph's weights begin with, before their keys
   */
  static from(
    source: TensorSource,
    file = 'the weights',
    settings = new SettingsInUse(),
    under = '',
  ): Weights {
    return new Weights(new Ledger(source, file, settings, under), '');
  }

  /** What layers ask for that stands in no state dict. */
  get settings(): SettingsInUse {
    return this.#ledger.settings;
  }

  /** The weights below `name`: `weights.scope('inc').scope('0')` holds `inc.0.*`. */
  scope(name: string): Weights {
    return new Weights(this.#ledger, this.#key(name));
  }

  /**
   * The float32 weight of this name, [shape]. What is missing or misshapen is reported by `finish`.
   * @param as its shape in the graph, of as many elements
   */
  take(name: string, shape: readonly number[], as = shape): Value {
    return this.#ledger.take(this.#key(name), shape, as);
  }

  /** Trained numbers of all scopes, as far as they were taken: running statistics are none. */
  get parameters(): number {
    const trained = [...this.#ledger.values].filter(([key]) => !/\.running_(mean|var)$/.test(key));
    return trained.reduce((sum, [, { constant }]) => sum + elementCount(constant?.dims ?? [0]), 0);
  }

  #key(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  /**
   * To be called when the network is built.
   * @param keys all keys of the checkpoint below the network's prefix
   * @param ignored beginnings of keys that need not be used
   * @param viewOf which memory a key is of, where that is known: one that is used under another key is no surplus
   * @throws NmodeError (BAD_CHECKPOINT) that lists missing, misshapen and unused keys together. Keys that are not used are
   *   an error where the network has keys: beside `down1.`, in `down1.` and in `down9.`. What stands elsewhere is returned.
   * @internal
   */
  finish(
    keys: Iterable<string>,
    ignored: readonly string[] = [],
    viewOf: (key: string) => TensorView | undefined = () => undefined,
  ): Finished {
    const { missing, misshapen, unreadable, narrowed, values, file } = this.#ledger;
    const isRead = amongViews([...values.keys()].map(viewOf));
    const extra = [...keys].filter((key) => !values.has(key) && !isRead(viewOf(key)) && !isIgnored(key));
    const unused = extra.filter((key) => !isIgnored(key, ignored));
    const unread = unreadableText(unreadable);
    const problems = [
      ...(missing.length > 0 ? [listed('missing', missing)] : []),
      ...(misshapen.length > 0 ? [listed('misshapen', misshapen)] : []),
      ...(unread === undefined ? [] : [unread]),
    ];
    const own = new Set([...values.keys()].map(family));
    // Where keys are missing, any other may be one of them under another name.
    const suspect = problems.length > 0 ? unused : unused.filter((key) => own.has(family(key)));
    if (suspect.length > 0) problems.push(listed('unused', suspect));
    if (problems.length > 0) {
      const isOne = problems.length === 1;
      const isUnreadable = isOne && unread !== undefined;
      const way =
        isOne && suspect.length > 0 ? ' (`ignore` skips keys)' : isUnreadable ? '' : `; ${SAVE_WHOLE}`;
      const what = isUnreadable ? '' : 'keys do not fit the network: ';
      throw new NmodeError('BAD_CHECKPOINT', `${file}: ${what}${problems.join('; ')}${way}`);
    }
    return { narrowed, unused: extra };
  }
}

/** Whether a view of memory is one of these. */
function amongViews(views: readonly (TensorView | undefined)[]) {
  const layouts = new Map<object, Set<string>>();
  for (const view of views) {
    if (view === undefined) continue;
    const known = layouts.get(view.memory) ?? new Set();
    layouts.set(view.memory, known.add(view.layout));
  }
  return (view: TensorView | undefined) => view !== undefined && layouts.get(view.memory)?.has(view.layout);
}

/** What is left to be said of weights. */
export interface Finished {
  /** Keys that were narrowed from float64. */
  readonly narrowed: readonly string[];
  /** Keys that the network does not use, counters not listed. */
  readonly unused: readonly string[];
}

/** The module of the network that a key belongs to, its number ignored: `down1.maxpool_conv.0.weight` -> `down#`. */
function family(key: string): string {
  return key.split('.', 1)[0]?.replace(/\d+/g, '#') ?? key;
}
