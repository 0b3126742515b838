import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';

/** What a value has to be, in words, and whether it is. */
type Kind = readonly [expected: string, isFit: (value: unknown) => boolean];

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isRecord = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isWhole = (value: unknown, most: number) =>
  Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most;
const isSide = (value: unknown) => isWhole(value, 2 ** 16);

const PATH: Kind = ['a path', isText];
const NAME: Kind = ['a name', isText];
const NAMES: Kind = [
  'a list of names',
  (value) => Array.isArray(value) && value.length > 0 && value.every(isText),
];
const FLAG: Kind = ['true or false', (value) => typeof value === 'boolean'];
const OBJECT: Kind = ['an object', isRecord];
const SIZE: Kind = [
  '{ height, width } in whole pixels',
  (value) =>
    isRecord(value) &&
    isSide(Reflect.get(Object(value), 'height')) &&
    isSide(Reflect.get(Object(value), 'width')),
];
const OPEN_SHARE: Kind = [
  'a share between 0 and 1, such as 0.2',
  (value) => typeof value === 'number' && value > 0 && value < 1,
];

/** What layers below would not ask for, or only after minutes. */
const KINDS: Readonly<Record<string, Kind>> = {
  ...{
    network: PATH,
    images: PATH,
    output: PATH,
    masks: PATH,
    reference: PATH,
    report: PATH,
    saveWeights: PATH,
  },
  ...{ outputName: NAME, key: NAME, prefix: NAME, assume: NAME, skips: NAMES, inputs: NAMES, ignore: NAMES },
  ...{ augment: FLAG, int8: FLAG, resume: FLAG, force: FLAG, strict: FLAG },
  ...{ recipe: OBJECT, solverOptions: OBJECT, window: OBJECT, size: SIZE, holdOut: OPEN_SHARE },
  threads: ['a whole number from 1 to 1024', (value) => isWhole(value, 1024)],
  memoryBudget: ['a number of bytes above 0', (value) => Number.isFinite(value) && Number(value) > 0],
  signal: ['an AbortSignal', (value) => value instanceof AbortSignal],
  onProgress: ['a function', (value) => typeof value === 'function'],
};

const NEEDED = ['network', 'images', 'output'];

/** Says at once what programs without types would find out later. @throws NmodeError (BAD_USAGE) */
export function checkTypes(options: object): void {
  if (!isRecord(options)) throw badUsage('expected options: { network, images, output }');
  const missing = NEEDED.find((name) => Reflect.get(options, name) === undefined);
  if (missing !== undefined) throw badUsage(`${option(missing)} is missing: expected a path`);
  for (const [name, [expected, isFit]] of Object.entries(KINDS)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined && !isFit(value)) throw badUsage(`${option(name, value)}, expected ${expected}`);
  }
}
