import { instead } from './closest.js';
import { badUsage } from './errors.js';
import { literal, option } from './option.js';
import { pick } from './pick.js';

/** What a value has to be, in words, and whether it is. */
export type Kind = readonly [expected: string, isFit: (value: unknown) => boolean];

/** A kind for every option: the compiler says where one is missing. */
export type Kinds<Options> = { readonly [Name in keyof Required<Options>]: Kind };

const isText = (value: unknown) => typeof value === 'string' && value !== '';
/** Of this realm or of another: a page's frames and Node's contexts have classes of their own. */
export const isOf = (name: string) => (value: unknown) =>
  Object.prototype.toString.call(value) === `[object ${name}]`;
/** An object or a module, and nothing of a kind of its own, such as a Map, which has no properties. */
const isRecord = (value: unknown) => isOf('Object')(value) || isOf('Module')(value);
export const listOf = (what: string, isFit: (value: unknown) => boolean): Kind => [
  `a list of ${what}`,
  (value) => Array.isArray(value) && value.every(isFit),
];

export const PATH: Kind = ['a path', isText];
export const PATHS: Kind = listOf('paths', isText);
export const NAME: Kind = ['a name', isText];
export const NAMES: Kind = [
  'a list of names',
  (value) => Array.isArray(value) && value.length > 0 && value.every(isText),
];
export const FLAG: Kind = ['true or false', (value) => typeof value === 'boolean'];
export const OBJECT: Kind = ['an object', isRecord];
export const SIGNAL: Kind = ['an AbortSignal', isOf('AbortSignal')];
export const FUNCTION: Kind = ['a function', (value) => typeof value === 'function'];

/** Of these, what they have to be beyond that is said where they are used. */
export const TEXT: Kind = ['a string', (value) => typeof value === 'string'];
export const TEXTS: Kind = listOf('strings', (value) => typeof value === 'string');
export const NUMBER: Kind = ['a number', (value) => typeof value === 'number'];
export const NUMBERS: Kind = listOf('numbers', (value) => typeof value === 'number');
export const RECIPE: Kind = [
  'an object such as { normalization: NORMALIZATIONS.unit }, or what parseRecipe returns',
  isRecord,
];
export const WINDOW: Kind = ['{ centre, width }', isRecord];

export const oneOf = (values: readonly unknown[]): Kind => [
  values.join(' or '),
  (value) => values.includes(value),
];
export const either = ([expected, isFit]: Kind, [other, isOther]: Kind): Kind => [
  `${expected} or ${other}`,
  (value) => isFit(value) || isOther(value),
];

/** @param why there is such a least number */
export const whole = (from: number, to: number, why?: string): Kind => [
  `a whole number from ${from} to ${to}${why === undefined ? '' : ` (${why})`}`,
  (value) => Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to,
];
export const COUNT: Kind = [
  'a whole number of at least 1',
  (value) => Number.isSafeInteger(value) && Number(value) > 0,
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

/** An object of these numbers and nothing else, each of which may be left out or must be there. */
export const sizesOf = (optional: readonly string[], needed: readonly string[] = []): Kind => [
  `{ ${[...needed, ...optional.map((side) => `${side}?`)].join(', ')} } in numbers`,
  (value) =>
    isRecord(value) &&
    needed.every((side) => typeof Object(value)[side] === 'number') &&
    Object.entries(Object(value)).every(
      ([side, length]) =>
        [...needed, ...optional].includes(side) && (length === undefined || typeof length === 'number'),
    ),
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

/** Of options, those that a part of what they are given to takes. */
export const taken = <Given extends object, Options>(
  options: Given,
  kinds: Options,
): Pick<Given, keyof Given & keyof Options> =>
  pick(options, Object.keys(Object(kinds)) as (keyof Given & keyof Options)[]);

/** As `checkOptions`, of an argument that is no option. @throws NmodeError (BAD_USAGE) */
export function checkArgument(name: string, value: unknown, [expected, isFit]: Kind): void {
  if (isFit(value)) return;
  const found = value === undefined ? `${option(name)} is missing:` : `${option(name, value)},`;
  throw badUsage(`${found} expected ${expected}`);
}

/**
 * Says at once what programs without types would find out late, or never: an option that does not exist would have no effect.
 * @param needed those that nothing can be done without
 * @throws NmodeError (BAD_USAGE)
 */
export function checkOptions<Options extends object>(
  options: Options,
  kinds: Kinds<Options>,
  needed: readonly (string & keyof Options)[] = [],
): void {
  if (!isRecord(options)) {
    const expected = needed.length === 0 ? 'an object of options' : `options: { ${needed.join(', ')} }`;
    throw badUsage(`expected ${expected}, found ${literal(options)}`);
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const kindOf = (name: string): Kind | undefined =>
    Object.hasOwn(kinds, name) ? kinds[name as keyof Options] : undefined;
  const missing = needed.filter((name) => options[name] === undefined);
  const other = given.find(([name]) => kindOf(name) === undefined);
  if (other !== undefined) {
    const known = missing.length > 0 ? missing : Object.keys(kinds);
    throw badUsage(`no option is named ${option(other[0])}${instead(other[0], known, option)}`);
  }
  for (const [name, value] of given) {
    const [expected, isFit] = kindOf(name) ?? OBJECT;
    if (!isFit(value)) throw badUsage(`${option(name, value)}, expected ${expected}`);
  }
  // What is spread or picked later would lose it.
  const inherited = Object.keys(kinds).find(
    (name) => !Object.hasOwn(options, name) && options[name as keyof Options] !== undefined,
  );
  if (inherited !== undefined) {
    throw badUsage(`${option(inherited)} is inherited: give options as properties of the object itself`);
  }
  for (const name of missing) throw badUsage(`${option(name)} is missing: expected ${kinds[name][0]}`);
}
