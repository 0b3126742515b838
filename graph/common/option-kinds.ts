import { closest } from './closest.js';
import { badUsage } from './errors.js';
import { option } from './option.js';

/** What a value has to be, in words, and whether it is. */
export type Kind = readonly [expected: string, isFit: (value: unknown) => boolean];

/** A kind for every option: the compiler says where one is missing. */
export type Kinds<Options> = { readonly [Name in keyof Required<Options>]: Kind };

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isRecord = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

export const PATH: Kind = ['a path', isText];
export const NAME: Kind = ['a name', isText];
export const NAMES: Kind = [
  'a list of names',
  (value) => Array.isArray(value) && value.length > 0 && value.every(isText),
];
export const FLAG: Kind = ['true or false', (value) => typeof value === 'boolean'];
export const OBJECT: Kind = ['an object', isRecord];
export const SIGNAL: Kind = ['an AbortSignal', (value) => value instanceof AbortSignal];
export const FUNCTION: Kind = ['a function', (value) => typeof value === 'function'];
/** What is checked where it is used. */
export const ANY: Kind = ['anything', () => true];

export const whole = (from: number, to: number): Kind => [
  `a whole number from ${from} to ${to}`,
  (value) => Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to,
];
export const POSITIVE: Kind = ['a number above 0', (value) => Number.isFinite(value) && Number(value) > 0];
export const SHARE: Kind = [
  'a number from 0 to 1',
  (value) => typeof value === 'number' && value >= 0 && value <= 1,
];
export const OPEN_SHARE: Kind = [
  'a share between 0 and 1, such as 0.2',
  (value) => typeof value === 'number' && value > 0 && value < 1,
];

/** Sides of an image. @param most pixels */
export const sizeUpTo = (most: number): Kind => [
  `{ height, width } in whole pixels, at most ${most} in all`,
  (value) => {
    const [height, width] = ['height', 'width'].map((side) => Object(value)[side]);
    return [height, width].every((side) => Number.isSafeInteger(side) && side > 0) && height * width <= most;
  },
];

/** One kind for several options. */
export const each = <Name extends string>(names: readonly Name[], kind: Kind) =>
  Object.fromEntries(names.map((name) => [name, kind])) as Readonly<Record<Name, Kind>>;

/**
 * Says at once what programs without types would find out late, or never: an option that there is not would be passed over.
 * @param needed paths that nothing can be done without
 * @throws NmodeError (BAD_USAGE)
 */
export function checkOptions<Options extends object>(
  options: Options,
  kinds: Kinds<Options>,
  needed: readonly (string & keyof Options)[],
): void {
  if (!isRecord(options)) throw badUsage(`expected options: { ${needed.join(', ')} }`);
  const given = new Map<string, unknown>(Object.entries(options).filter(([, value]) => value !== undefined));
  const missing = needed.filter((name) => !given.has(name));
  const known = new Map<string, Kind>(Object.entries(kinds));
  const other = [...given.keys()].find((name) => !known.has(name));
  if (other !== undefined) {
    const [near] = closest(other, missing.length > 0 ? missing : known.keys(), 1);
    throw badUsage(`no option is named ${option(other)}; the closest is ${option(near ?? 'none')}`);
  }
  for (const name of missing) throw badUsage(`${option(name)} is missing: expected a path`);
  for (const [name, value] of given) {
    const [expected, isFit] = known.get(name) ?? ANY;
    if (!isFit(value)) throw badUsage(`${option(name, value)}, expected ${expected}`);
  }
}
