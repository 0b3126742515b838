import { Global, Inert, type PickleValue, type PickleWorld, Tuple } from './pickle-values.js';
import type { Cursor } from './source.js';

/** Values alive on the machine's stack. Picklers work in batches of 1000; deeper nesting is an attack. */
const MAX_STACK = 50_000;
/** Values remembered for reuse. A tensor takes about ten. */
const MAX_MEMO = 1_000_000;
const MAX_LONG_BYTES = 1024;
const PROTOCOLS = 5;

/** The place of a MARK on the stack. */
const MARK = Symbol('mark');
type Slot = PickleValue | typeof MARK;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const latin1 = new TextDecoder('latin1', { ignoreBOM: true });

/**
 * Python's pickle machine (protocols 0 to 5; opcodes as in CPython's `pickletools`), without Python's classes: calls go
 * to `world`, which knows a fixed list of names. It is a loop, so nesting costs no call stack.
 * @throws RangeError, TypeError or SyntaxError where the stream is cut, malformed or beyond the limits
 */
export function unpickle(cursor: Cursor, world: PickleWorld): PickleValue {
  return new Machine(cursor, world).run();
}

class Machine {
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, PickleValue>();
  readonly #cursor: Cursor;
  readonly #world: PickleWorld;

  constructor(cursor: Cursor, world: PickleWorld) {
    this.#cursor = cursor;
    this.#world = world;
  }

  run(): PickleValue {
    for (;;) {
      const opcode = String.fromCharCode(this.#cursor.byte());
      if (opcode === '.') return this.#pop();
      this.#step(opcode);
      if (this.#stack.length > MAX_STACK) throw new RangeError('the pickle is nested too deeply');
      if (this.#memo.size > MAX_MEMO) throw new RangeError('the pickle remembers too many values');
    }
  }

  #step(opcode: string): void {
    if (this.#constant(opcode) || this.#container(opcode) || this.#object(opcode)) return;
    switch (opcode) {
      case '\x80': // PROTO
        if (this.#uint(1) > PROTOCOLS) throw new SyntaxError('the pickle protocol is newer than 5');
        return;
      case '\x95': // FRAME
        this.#uint(8);
        return;
      case '0': // POP
        this.#stack.pop();
        return;
      case '1': // POP_MARK
        this.#sinceMark();
        return;
      case '2': // DUP
        this.#stack.push(this.#top());
        return;
      case 'q': // BINPUT
        this.#memo.set(this.#uint(1), this.#top());
        return;
      case 'r': // LONG_BINPUT
        this.#memo.set(this.#uint(4), this.#top());
        return;
      case 'p': // PUT
        this.#memo.set(this.#number(), this.#top());
        return;
      case '\x94': // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case 'h': // BINGET
        this.#recall(this.#uint(1));
        return;
      case 'j': // LONG_BINGET
        this.#recall(this.#uint(4));
        return;
      case 'g': // GET
        this.#recall(this.#number());
        return;
      default:
        throw new SyntaxError(`unknown pickle opcode 0x${opcode.charCodeAt(0).toString(16)}`);
    }
  }

  /** Opcodes that push a constant. */
  #constant(opcode: string): boolean {
    const stack = this.#stack;
    switch (opcode) {
      case 'N':
        stack.push(null);
        return true;
      case '\x88':
        stack.push(true);
        return true;
      case '\x89':
        stack.push(false);
        return true;
      case 'K': // BININT1
        stack.push(this.#uint(1));
        return true;
      case 'M': // BININT2
        stack.push(this.#uint(2));
        return true;
      case 'J': // BININT
        stack.push(this.#uint(4) | 0);
        return true;
      case 'I': // INT: also the booleans of protocol 1
        stack.push(this.#intOrBool());
        return true;
      case 'L': // LONG
        stack.push(shortest(BigInt(this.#line().replace(/L$/, ''))));
        return true;
      case '\x8a': // LONG1
        stack.push(this.#long(this.#uint(1)));
        return true;
      case '\x8b': // LONG4
        stack.push(this.#long(this.#uint(4)));
        return true;
      case 'G': {
        const bytes = this.#cursor.take(8);
        stack.push(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0));
        return true;
      }
      case 'F':
        stack.push(Number(this.#line()));
        return true;
      case '\x8c': // SHORT_BINUNICODE
        stack.push(utf8.decode(this.#counted(1)));
        return true;
      case 'X': // BINUNICODE
        stack.push(utf8.decode(this.#counted(4)));
        return true;
      case '\x8d': // BINUNICODE8
        stack.push(utf8.decode(this.#counted(8)));
        return true;
      case 'V': // UNICODE
        stack.push(this.#line());
        return true;
      case 'S': // STRING, quoted
        stack.push(this.#line().slice(1, -1));
        return true;
      case 'U': // SHORT_BINSTRING: Python 2's str
        stack.push(latin1.decode(this.#counted(1)));
        return true;
      case 'T': // BINSTRING
        stack.push(latin1.decode(this.#counted(4)));
        return true;
      case 'C': // SHORT_BINBYTES
        stack.push(this.#counted(1));
        return true;
      case 'B': // BINBYTES
        stack.push(this.#counted(4));
        return true;
      case '\x8e': // BINBYTES8
      case '\x96': // BYTEARRAY8
        stack.push(this.#counted(8));
        return true;
      default:
        return false;
    }
  }

  /** Opcodes that build tuples, lists, dicts and sets. */
  #container(opcode: string): boolean {
    const stack = this.#stack;
    switch (opcode) {
      case '(':
        stack.push(MARK);
        return true;
      case ')':
        stack.push(new Tuple([]));
        return true;
      case '\x85':
        stack.push(new Tuple(this.#take(1)));
        return true;
      case '\x86':
        stack.push(new Tuple(this.#take(2)));
        return true;
      case '\x87':
        stack.push(new Tuple(this.#take(3)));
        return true;
      case 't':
        stack.push(new Tuple(this.#sinceMark()));
        return true;
      case ']':
        stack.push([]);
        return true;
      case 'l':
        stack.push(this.#sinceMark());
        return true;
      case 'a': // APPEND
        this.#append(this.#take(1));
        return true;
      case 'e': // APPENDS
        this.#append(this.#sinceMark());
        return true;
      case '}':
        stack.push(new Map());
        return true;
      case 'd': {
        const items = this.#sinceMark();
        stack.push(new Map());
        this.#setItems(items);
        return true;
      }
      case 's': // SETITEM
        this.#setItems(this.#take(2));
        return true;
      case 'u': // SETITEMS
        this.#setItems(this.#sinceMark());
        return true;
      case '\x8f': // EMPTY_SET
        stack.push(new Set());
        return true;
      case '\x90': // ADDITEMS
        this.#addItems(this.#sinceMark());
        return true;
      case '\x91': // FROZENSET
        stack.push(new Set(this.#sinceMark()));
        return true;
      default:
        return false;
    }
  }

  /** Opcodes that in Python would import, call or fill objects. */
  #object(opcode: string): boolean {
    const stack = this.#stack;
    switch (opcode) {
      case 'c': // GLOBAL
        stack.push(new Global(this.#line(), this.#line()));
        return true;
      case '\x93': {
        const [module, name] = this.#take(2);
        stack.push(new Global(String(module), String(name)));
        return true;
      }
      case 'R': // REDUCE
      case '\x81': {
        const [callable, args] = this.#take(2);
        stack.push(this.#call(callable, args));
        return true;
      }
      case '\x92': {
        const [callable, args] = this.#take(3);
        stack.push(this.#call(callable, args));
        return true;
      }
      case 'o': {
        const [callable, ...args] = this.#sinceMark();
        stack.push(this.#call(callable, new Tuple(args)));
        return true;
      }
      case 'i': {
        const callable = new Global(this.#line(), this.#line());
        stack.push(this.#call(callable, new Tuple(this.#sinceMark())));
        return true;
      }
      case 'b': // BUILD: the state of an object, which none of ours needs
        this.#take(1);
        return true;
      case 'Q': // BINPERSID
        stack.push(this.#world.persistent(this.#pop()));
        return true;
      default:
        return false;
    }
  }

  #call(callable: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
    if (!(args instanceof Tuple)) throw new TypeError('a call without a tuple of arguments');
    if (callable instanceof Global) return this.#world.call(callable, args.items);
    return new Inert(callable instanceof Inert ? callable.path : 'a value that is no callable');
  }

  #top(): PickleValue {
    const slot = this.#stack.at(-1);
    if (slot === undefined || slot === MARK) throw new SyntaxError('the pickle takes from an empty stack');
    return slot;
  }

  #pop(): PickleValue {
    const slot = this.#top();
    this.#stack.pop();
    return slot;
  }

  #take(count: number): PickleValue[] {
    const items = Array.from({ length: count }, () => this.#pop());
    return items.reverse();
  }

  #sinceMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) throw new SyntaxError('the pickle misses a mark');
    const items = this.#stack.splice(at);
    return items.slice(1).filter((slot) => slot !== MARK);
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top();
    if (Array.isArray(list)) for (const item of items) list.push(item);
    else if (!(list instanceof Inert)) throw new TypeError('the pickle appends to what is no list');
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#top();
    if (dict instanceof Inert) return;
    if (!(dict instanceof Map)) throw new TypeError('the pickle sets items of what is no dict');
    for (let i = 0; i + 1 < items.length; i += 2) dict.set(items[i] ?? null, items[i + 1] ?? null);
  }

  #addItems(items: readonly PickleValue[]): void {
    const set = this.#top();
    if (!(set instanceof Set)) throw new TypeError('the pickle adds items to what is no set');
    for (const item of items) set.add(item);
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined)
      throw new SyntaxError(`the pickle recalls value ${index}, which it never stored`);
    this.#stack.push(value);
  }

  #uint(bytes: 1 | 2 | 4 | 8): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += this.#cursor.byte() * 2 ** (8 * i);
    if (!Number.isSafeInteger(value)) throw new RangeError('a length in the pickle is beyond 2^53');
    return value;
  }

  #counted(bytes: 1 | 4 | 8): Uint8Array {
    return this.#cursor.take(this.#uint(bytes));
  }

  /** A signed little-endian number of any length. */
  #long(length: number): number | bigint {
    if (length > MAX_LONG_BYTES) throw new RangeError(`an integer of ${length} bytes`);
    const hex = Buffer.from(this.#cursor.take(length).reverse()).toString('hex');
    return shortest(BigInt.asIntN(8 * length, BigInt(`0x0${hex}`)));
  }

  #line(): string {
    const bytes: number[] = [];
    for (let byte = this.#cursor.byte(); byte !== 0x0a; byte = this.#cursor.byte()) bytes.push(byte);
    return utf8.decode(Uint8Array.from(bytes));
  }

  #number(): number {
    const line = this.#line();
    if (!/^-?\d+$/.test(line)) throw new SyntaxError('a malformed number in the pickle');
    return Number(line);
  }

  #intOrBool(): number | boolean {
    const line = this.#line();
    return line === '01' ? true : line === '00' ? false : Number(line);
  }
}

function shortest(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
