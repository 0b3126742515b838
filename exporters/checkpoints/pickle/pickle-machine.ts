import type { Cursor } from '../source.js';
import { Global, Inert, type PickleValue, type PickleWorld, Stateful, Tuple } from './pickle-values.js';

/** Values alive on the stack. Picklers work in batches of 1000; deeper nesting is an attack. */
const MAX_STACK = 50_000;
/**
 * Values made, stored or passed on in all: so many, and more as the pickle is longer, up to the most. A tensor takes about fifty in
 * 150 bytes; a number of NumPy sixteen in 60, of which nnU-Net's log has one for each epoch and class.
 */
const [FREE_WORK, BYTES_PER_WORK, MAX_WORK] = [1_000_000, 3, 8_000_000];
/** Opcodes, those that make nothing included. */
const MAX_STEPS = 2 * MAX_WORK;
const MAX_LONG_BYTES = 1024;
const MAX_LINE_BYTES = 4096;

/** The place of a MARK on the stack. */
const MARK = Symbol('mark');

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** What is left of the limits. Pickles of one file share it. */
export class PickleBudget {
  #work = 0;
  #steps = 0;
  #allowed = FREE_WORK;

  charge(values: number): void {
    this.#work += values;
    if (this.#work > Math.min(this.#allowed, MAX_WORK))
      throw new RangeError(`the pickle makes or stores ${this.#work} values, more than its length allows`);
  }

  /** Counts an opcode of so many bytes. */
  step(bytes: number): void {
    this.#allowed += bytes / BYTES_PER_WORK;
    if (++this.#steps > MAX_STEPS) throw new RangeError(`the pickle has more than ${MAX_STEPS} opcodes`);
  }
}

/** The registers of Python's pickle machine, and what its opcodes have in common. */
export class PickleMachine {
  readonly #stack: (PickleValue | typeof MARK)[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(
    readonly cursor: Cursor,
    readonly world: PickleWorld,
    private readonly budget: PickleBudget,
  ) {}

  mark(): void {
    this.push(MARK);
  }

  push(slot: PickleValue | typeof MARK): void {
    this.budget.charge(1);
    if (this.#stack.length === MAX_STACK)
      throw new RangeError(`the pickle has more than ${MAX_STACK} values on its stack`);
    this.#stack.push(slot);
  }

  top(): PickleValue {
    const slot = this.#stack.at(-1);
    if (slot === undefined || slot === MARK)
      throw new SyntaxError('the pickle takes a value where there is none');
    return slot;
  }

  pop(): PickleValue {
    const slot = this.top();
    this.#stack.pop();
    return slot;
  }

  /** POP drops a mark as well. */
  drop(): void {
    this.#stack.pop();
  }

  /** The last `count` values, oldest first. */
  take(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  /** All values since the last mark, which goes with them. */
  sinceMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) throw new SyntaxError('the pickle misses a mark');
    return this.#stack.splice(at).filter((slot) => slot !== MARK);
  }

  remember(index = this.#memo.size): void {
    this.budget.charge(1);
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined)
      throw new SyntaxError(`the pickle recalls value ${index}, which it never stored`);
    this.push(value);
  }

  /** Adds to the list at the top. What fills an unknown object is dropped. */
  append(items: readonly PickleValue[]): void {
    this.budget.charge(items.length);
    const list = this.top();
    if (Array.isArray(list)) for (const item of items) list.push(item);
    else if (!(list instanceof Inert)) throw new TypeError('the pickle appends to what is not a list');
  }

  /** Sets keys and values, alternating, of the dict at the top. */
  setItems(items: readonly PickleValue[]): void {
    this.budget.charge(items.length);
    const dict = this.top();
    if (dict instanceof Inert) return;
    if (!(dict instanceof Map)) throw new TypeError('the pickle sets items of what is not a dict');
    for (let i = 0; i + 1 < items.length; i += 2) dict.set(items[i] ?? null, items[i + 1] ?? null);
  }

  addItems(items: readonly PickleValue[]): void {
    this.budget.charge(items.length);
    const set = this.top();
    if (!(set instanceof Set)) throw new TypeError('the pickle adds items to what is not a set');
    for (const item of items) set.add(item);
  }

  /** Gives the object below it the state at the top. */
  build(): void {
    const state = this.pop();
    const object = this.top();
    if (object instanceof Stateful) object.setState(state);
  }

  call(callable: PickleValue | undefined, args: PickleValue | undefined): void {
    if (!(args instanceof Tuple)) throw new TypeError('a call without a tuple of arguments');
    for (const arg of args.items) {
      if (Array.isArray(arg)) this.budget.charge(arg.length);
      if (arg instanceof Tuple) this.budget.charge(arg.items.length);
    }
    if (callable instanceof Global) this.push(this.world.call(callable, args.items));
    else this.push(new Inert(callable instanceof Inert ? callable.path : 'a value that is no callable'));
  }

  /** An unsigned little-endian number. */
  uint(size: 1 | 2 | 4 | 8): number {
    let value = 0;
    for (let i = 0; i < size; i++) value += this.cursor.byte() * 2 ** (8 * i);
    if (!Number.isSafeInteger(value)) throw new RangeError('a length in the pickle is beyond 2^53');
    return value;
  }

  /** Bytes behind their count. */
  counted(size: 1 | 4 | 8): Uint8Array {
    return this.cursor.take(this.uint(size));
  }

  text(size: 1 | 4 | 8): string {
    return utf8.decode(this.counted(size));
  }

  /** A signed little-endian number of any length. */
  long(length: number): number | bigint {
    if (length > MAX_LONG_BYTES) throw new RangeError(`an integer of ${length} bytes`);
    const hex = Buffer.from(this.cursor.take(length).reverse()).toString('hex');
    return shortest(BigInt.asIntN(8 * length, BigInt(`0x0${hex}`)));
  }

  double(): number {
    const { buffer, byteOffset } = this.cursor.take(8);
    return new DataView(buffer, byteOffset).getFloat64(0);
  }

  /** A line of the text opcodes. */
  line(): string {
    const bytes: number[] = [];
    for (let byte = this.cursor.byte(); byte !== 0x0a; byte = this.cursor.byte()) {
      if (bytes.length === MAX_LINE_BYTES) throw new RangeError('a line of the pickle is too long');
      bytes.push(byte);
    }
    return utf8.decode(Uint8Array.from(bytes));
  }

  /** A line that is a whole number. */
  decimal(): number | bigint {
    const [, digits] = /^(-?\d+)L?$/.exec(this.line()) ?? [];
    if (digits === undefined) throw new SyntaxError('a malformed number in the pickle');
    return shortest(BigInt(digits));
  }
}

function shortest(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
