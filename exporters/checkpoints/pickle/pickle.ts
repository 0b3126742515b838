import { type Cursor, latin1 } from '../source.js';
import { PickleBudget, PickleMachine } from './pickle-machine.js';
import { Global, type PickleValue, type PickleWorld, Tuple } from './pickle-values.js';

/** Whether latin-1 text begins as a pickle of protocol 2 to 5. */
export function isPickle(start: string): boolean {
  return start.startsWith('\x80') && '\x02\x03\x04\x05'.includes(start.charAt(1) || '\0');
}

const PROTOCOLS = 5;

const EMPTY_TUPLE = new Tuple([]);

/** What each opcode does, under its letter; the names are those of CPython's `pickletools`. */
const OPCODES: Readonly<Record<string, (machine: PickleMachine) => void>> = {
  // Constants.
  N: (m) => m.push(null),
  '\x88': (m) => m.push(true), // NEWTRUE
  '\x89': (m) => m.push(false), // NEWFALSE
  K: (m) => m.push(m.uint(1)), // BININT1
  M: (m) => m.push(m.uint(2)), // BININT2
  J: (m) => m.push(m.uint(4) | 0), // BININT
  I: (m) => m.push(intOrBool(m.line())), // INT
  L: (m) => m.push(m.decimal()), // LONG
  '\x8a': (m) => m.push(m.long(m.uint(1))), // LONG1
  '\x8b': (m) => m.push(m.long(m.uint(4))), // LONG4
  G: (m) => m.push(m.double()), // BINFLOAT
  F: (m) => m.push(Number(m.line())), // FLOAT
  '\x8c': (m) => m.push(m.text(1)), // SHORT_BINUNICODE
  X: (m) => m.push(m.text(4)), // BINUNICODE
  '\x8d': (m) => m.push(m.text(8)), // BINUNICODE8
  V: (m) => m.push(m.line()), // UNICODE
  S: (m) => m.push(m.line().slice(1, -1)), // STRING, quoted
  U: (m) => m.push(latin1(m.counted(1))), // SHORT_BINSTRING: Python 2's str, and its arrays
  T: (m) => m.push(latin1(m.counted(4))), // BINSTRING
  C: (m) => m.push(m.counted(1)), // SHORT_BINBYTES
  B: (m) => m.push(m.counted(4)), // BINBYTES
  '\x8e': (m) => m.push(m.counted(8)), // BINBYTES8
  '\x96': (m) => m.push(m.counted(8)), // BYTEARRAY8

  // Tuples, lists, dicts and sets.
  '(': (m) => m.mark(),
  ')': (m) => m.push(EMPTY_TUPLE),
  '\x85': (m) => m.push(new Tuple(m.take(1))), // TUPLE1
  '\x86': (m) => m.push(new Tuple(m.take(2))), // TUPLE2
  '\x87': (m) => m.push(new Tuple(m.take(3))), // TUPLE3
  t: (m) => m.push(new Tuple(m.sinceMark())), // TUPLE
  ']': (m) => m.push([]), // EMPTY_LIST
  l: (m) => m.push(m.sinceMark()), // LIST
  a: (m) => m.append(m.take(1)), // APPEND
  e: (m) => m.append(m.sinceMark()), // APPENDS
  '}': (m) => m.push(new Map()), // EMPTY_DICT
  d(m) {
    const items = m.sinceMark(); // DICT
    m.push(new Map());
    m.setItems(items);
  },
  s: (m) => m.setItems(m.take(2)), // SETITEM
  u: (m) => m.setItems(m.sinceMark()), // SETITEMS
  '\x8f': (m) => m.push(new Set()), // EMPTY_SET
  '\x90': (m) => m.addItems(m.sinceMark()), // ADDITEMS
  '\x91': (m) => m.push(new Set(m.sinceMark())), // FROZENSET

  // What in Python would import, call or fill objects.
  c: (m) => m.push(new Global(m.line(), m.line())), // GLOBAL
  '\x93'(m) {
    const [module, name] = m.take(2); // STACK_GLOBAL
    if (typeof module !== 'string' || typeof name !== 'string')
      throw new TypeError('a class whose name is not a string');
    m.push(new Global(module, name));
  },
  R: callTop, // REDUCE
  '\x81': callTop, // NEWOBJ
  '\x92'(m) {
    const [callable, args] = m.take(3); // NEWOBJ_EX: with keywords
    m.call(callable, args);
  },
  o(m) {
    const [callable, ...args] = m.sinceMark(); // OBJ
    m.call(callable, new Tuple(args));
  },
  i(m) {
    const callable = new Global(m.line(), m.line()); // INST
    m.call(callable, new Tuple(m.sinceMark()));
  },
  b: (m) => m.build(), // BUILD: the state of an object
  Q: (m) => m.push(m.world.persistent(m.pop())), // BINPERSID

  // The stack, the memo and the stream.
  '0': (m) => m.drop(), // POP
  '1': (m) => m.sinceMark(), // POP_MARK
  '2': (m) => m.push(m.top()), // DUP
  q: (m) => m.remember(m.uint(1)), // BINPUT
  r: (m) => m.remember(m.uint(4)), // LONG_BINPUT
  p: (m) => m.remember(Number(m.decimal())), // PUT
  '\x94': (m) => m.remember(), // MEMOIZE
  h: (m) => m.recall(m.uint(1)), // BINGET
  j: (m) => m.recall(m.uint(4)), // LONG_BINGET
  g: (m) => m.recall(Number(m.decimal())), // GET
  '\x95': (m) => m.uint(8), // FRAME
  '\x80'(m) {
    if (m.uint(1) > PROTOCOLS) throw new SyntaxError('the pickle protocol is newer than 5'); // PROTO
  },
};

function callTop(machine: PickleMachine): void {
  const [callable, args] = machine.take(2);
  machine.call(callable, args);
}

/** Protocol 1 writes booleans as the integers 00 and 01. */
function intOrBool(line: string): number | boolean {
  return line === '01' ? true : line === '00' ? false : Number(line);
}

const STOP = '.'.charCodeAt(0);

const byCode = Array.from({ length: 256 }, (_, code) => OPCODES[String.fromCharCode(code)]);

/**
 * Runs Python's pickle machine (protocols 0 to 5) without Python's classes: calls go to `world`, which knows a fixed
 * list of names. It is a loop, so nesting costs no call stack.
 * @throws RangeError, TypeError or SyntaxError where the stream is cut, malformed or beyond the limits
 */
export function unpickle(cursor: Cursor, world: PickleWorld, budget = new PickleBudget()): PickleValue {
  const machine = new PickleMachine(cursor, world, budget);
  let start = cursor.position;
  for (let code = cursor.byte(); code !== STOP; code = cursor.byte()) {
    const opcode = byCode[code];
    if (opcode === undefined)
      throw new SyntaxError(`pickle opcode 0x${code.toString(16)}, which is not read`);
    opcode(machine);
    budget.step(cursor.position - start);
    start = cursor.position;
  }
  return machine.pop();
}
