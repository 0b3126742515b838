import { bytes, long, unicode } from '../../support/craft.js';
import { EDGES, type Random } from '../random.js';
import { mutateBytes, mutateList } from './bytes.js';

/** Bytes of an opcode's argument; its length stands before it, or it is some lines. */
const ARGUMENTS: Readonly<Record<string, number | 'counted1' | 'counted4' | 'lines'>> = {
  '\x80': 1,
  K: 1,
  M: 2,
  J: 4,
  G: 8,
  h: 1,
  q: 1,
  r: 4,
  j: 4,
  '\x95': 8,
  '\x8a': 'counted1',
  '\x8c': 'counted1',
  U: 'counted1',
  X: 'counted4',
  B: 'counted4',
  c: 'lines',
};

/** All opcodes of protocols 0 to 5 but those with an argument, and one that is none. */
const BARE = [...'(.)012NRQabdelostu]}\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\xff'];

/** Changes some opcodes, or numbers and texts among them. */
export function mutatePickle(pickle: Uint8Array, random: Random): Uint8Array {
  if (random.once(10)) return mutateBytes(pickle, random, 2);
  let tokens = tokensOf(pickle);
  for (let times = 1 + random.below(3); times > 0; times--) {
    tokens = mutateList(tokens, random, (token) => [changed(token, tokens, random)]);
  }
  return Buffer.concat(tokens);
}

function changed(token: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  switch (random.below(6)) {
    case 0:
      return random.pick(others);
    case 1:
      return long(random.pick(EDGES));
    case 2:
      return unicode(random.pick(['', 'storage', '0', '__proto__', 'module.', 'state_dict', 'cpu']));
    case 3:
      return mutateBytes(token, random);
    default:
      return bytes(random.pick(BARE));
  }
}

function tokensOf(pickle: Uint8Array): readonly Uint8Array[] {
  const tokens: Uint8Array[] = [];
  const view = new DataView(pickle.buffer, pickle.byteOffset, pickle.length);
  for (let at = 0; at < pickle.length; ) {
    const argument = ARGUMENTS[String.fromCharCode(pickle[at] ?? 0)] ?? 0;
    let end = at + 1;
    if (argument === 'lines') {
      for (let lines = 0; lines < 2; lines++) end = pickle.indexOf(0x0a, end) + 1;
    } else if (argument === 'counted1') end += 1 + view.getUint8(end);
    else if (argument === 'counted4') end += 4 + view.getUint32(end, true);
    else end += argument;
    tokens.push(pickle.subarray(at, end));
    at = end;
  }
  return tokens;
}
