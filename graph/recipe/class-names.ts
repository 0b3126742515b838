import { at } from '../common/at.js';
import { badUsage, reason } from '../common/errors.js';
import { option } from '../common/option.js';

/** The key of `metadata_props` with the names of a model's classes: a JSON list in the order of its output. */
export const CLASS_NAMES_KEY = 'nmode.class_names';

/** A label map of 8 bits tells no more classes from none. */
export const MAX_CLASSES = 255;

/** Characters of a name; legends and tables have room for fewer. */
const MAX_NAME = 64;
/** Characters of a file of names, and of what others put into metadata. */
const MAX_NAMES_TEXT = 2 ** 16;

/** Controls, line separators, and what turns the direction of the text after it. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u;

/** What shows nothing by itself, as a space of no width, and fillers that are letters by their category. */
const INVISIBLE = /[\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Checks the names of classes, and takes the white space around them away.
 * @throws Error that says what is wrong with them
 */
export function checkClassNames(names: readonly unknown[]): readonly string[] {
  if (!Array.isArray(names)) throw new Error('expected a list of names');
  if (names.length === 0) throw new Error('it names no class');
  if (names.length > MAX_CLASSES) throw new Error(`it names ${names.length} classes, at most ${MAX_CLASSES}`);
  const checked = names.map((name, index) => {
    if (typeof name !== 'string') throw new Error(`the name of class ${index} is not a string`);
    const trimmed = name.trim();
    if (trimmed === '') throw new Error(`class ${index} has no name`);
    if (UNPRINTABLE.test(trimmed)) throw new Error(`the name of class ${index} holds a control character`);
    if (trimmed.replace(INVISIBLE, '') === '')
      throw new Error(`the name of class ${index} has only invisible characters`);
    if (trimmed.length > MAX_NAME)
      throw new Error(`the name of class ${index} has ${trimmed.length} characters, at most ${MAX_NAME}`);
    return trimmed;
  });
  const seen = checked.map((name) => name.normalize('NFC').replace(IGNORABLE, ''));
  const twice = checked.find((_, index) => seen.indexOf(at(seen, index)) !== index);
  if (twice !== undefined) throw new Error(`'${twice}' names two classes`);
  return checked;
}

/**
 * Reads a file of names: text with a name a line, in the order of the classes and with or without their numbers before them;
 * or JSON, a list or a dict of names (`id2label`, and nnU-Net's `labels`).
 * @throws Error that says what is wrong with it
 */
export function parseClassNames(text: string, isJson: boolean): readonly string[] {
  if (text.length > MAX_NAMES_TEXT)
    throw new Error(`it has ${text.length} characters, at most ${MAX_NAMES_TEXT} are read`);
  const read = text.replace(/^\ufeff/, '');
  return checkClassNames(isJson ? namesOf(JSON.parse(read)) : linesOf(read));
}

function linesOf(text: string): readonly string[] {
  const lines = text.trimEnd().split(/\r\n|\r|\n/);
  if (lines.length === 1 && lines[0] === '') return [];
  const numbered = lines.map((line) => /^(\d+)[\s:,;]+(\S.*)$/.exec(line.trim()));
  const isNumbered = numbered.every((match, index) => Number(match?.[1]) === index);
  return isNumbered ? numbered.map((match) => at(match ?? [], 2)) : lines;
}

/** The fields under which files keep their names of classes. */
export const NAME_FIELDS: readonly string[] = [
  'class_names',
  'classes',
  'names',
  'labels',
  'categories',
  'id2label',
  'label2id',
];

/** Names of a list, of one of categories, of a dict by number (`{"0": "a"}`) or of numbers by name (`{"a": 0}`), in their order. */
function namesOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.every(isCategory) ? inOrder(value.map(placeOf)) : value;
  if (typeof value !== 'object' || value === null) throw new Error('it holds no list of names');
  const entries = Object.entries(value);
  const field = entries.find(([key, held]) => NAME_FIELDS.includes(key) && typeof held === 'object');
  if (field !== undefined) return namesOf(field[1]);
  const byName = entries.every(([, held]) => typeof held === 'number');
  const region = entries.find(([, held]) => Array.isArray(held) && held.every(Number.isInteger));
  if (region !== undefined) {
    throw new Error(
      `'${region[0]}' is a list of labels, as of nnU-Net's regions: give a list of the names in the order of the model's output`,
    );
  }
  const numbered = byName
    ? // nnU-Net's label of what is not trained on, which no network gives.
      entries.filter(([name]) => name !== 'ignore').map(([name, held]): [number, unknown] => [held, name])
    : entries.map(([key, held]): [number, unknown] => [/^\d+$/.test(key) ? Number(key) : Number.NaN, held]);
  return inOrder(numbered);
}

/** An entry of a list as annotation tools write it: `{ "id": 0, "name": "lesion" }`, with or without the number. */
interface Category {
  readonly id?: unknown;
  readonly name: unknown;
}

const isCategory = (entry: unknown): entry is Category =>
  typeof entry === 'object' && entry !== null && 'name' in entry;

const placeOf = ({ id, name }: Category, index: number): [number, unknown] => [
  typeof id === 'number' ? id : index,
  name,
];

/** @throws Error where the numbers are not 0, 1, 2, ... */
function inOrder(numbered: readonly (readonly [number, unknown])[]): readonly unknown[] {
  const names = new Map(numbered);
  const twice = numbered.find(([number, name]) => names.get(number) !== name);
  if (twice !== undefined && Number.isInteger(twice[0])) throw new Error(`class ${twice[0]} has two names`);
  return Array.from(numbered, (_, index) => {
    if (!names.has(index)) throw new Error(`it has no name for class ${index}: classes are numbered from 0`);
    return names.get(index);
  });
}

/**
 * The names of so many classes that a file gives under one of the usual fields, as JSON, as Python writes a dict or a list, or
 * with commas between; undefined where it gives none, or names of another number of things.
 * @param texts what the file says, by field
 */
export function classNamesIn(
  texts: ReadonlyMap<string, string>,
  count: number,
): readonly string[] | undefined {
  for (const field of NAME_FIELDS) {
    const text = texts.get(field);
    if (text === undefined || text.length > MAX_NAMES_TEXT) continue;
    try {
      const names = checkClassNames(/^\s*[[{(]/.test(text) ? namesOf(parsePython(text)) : text.split(','));
      if (names.length === count) return names;
    } catch {
      // Others write other things there.
    }
  }
  return undefined;
}

/** Texts, numbers before a colon, brackets of tuples, last commas; bounded, so that no text is searched again and again. */
const PYTHON_TOKENS =
  /'((?:[^'\\]|\\.){0,256})'|"(?:[^"\\]|\\.){0,256}"|(\d{1,3})(?=\s*:)|[()]|,(?=\s*[\])}])/g;

/** JSON, or what Python's `repr` makes of dicts, lists and tuples of texts. */
function parsePython(text: string): unknown {
  const json = text.trim().replace(PYTHON_TOKENS, (token: string, quoted?: string, key?: string) => {
    if (quoted !== undefined) return JSON.stringify(quoted.replace(/\\(.)/g, '$1'));
    if (key !== undefined) return `"${key}"`;
    return { '(': '[', ')': ']', ',': '' }[token] ?? token;
  });
  return JSON.parse(json);
}

/**
 * Names that a program or a flag gives, checked.
 * @param count of the classes; undefined where nobody knows it yet
 * @throws NmodeError (BAD_USAGE) for what are no names, or not as many
 */
export function givenClassNames(given: readonly string[], count?: number): readonly string[] {
  try {
    const names = checkClassNames(given);
    if (count !== undefined) checkNameCount(names, count);
    return names;
  } catch (error) {
    throw badUsage(`${option('classNames')}: ${reason(error)}`);
  }
}

/** @throws Error where there are more or fewer names than classes */
export function checkNameCount(names: readonly string[], count: number): void {
  if (names.length === count) return;
  const classes = (number: number) => (number === 1 ? '1 class' : `${number} classes`);
  throw new Error(
    `it names ${classes(names.length)}, the model gives ${classes(count)}: expected a name for each`,
  );
}
