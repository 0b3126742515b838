/** What programs without types misspell or mistake is refused by its name: ignored, it would give another model or mask. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as node from '../../../src/index.js';
import * as web from '../../../src/web.js';
import { Declarations, type Door } from '../../support/declarations.js';
import { root } from '../../support/fixtures.js';
import { TINY } from '../../support/tiny-models.js';

const ENTRIES = { index: node, web } as const;
const built = (name: string) => join(root, 'dist/src', `${name}.d.ts`);
const declarations = new Declarations(join(root, 'dist'), Object.keys(ENTRIES).map(built));
afterAll(() => declarations.close());

const raster = { width: 1, height: 1 } as const;
/** What stands for parameters before the options, by their names. */
const ARGUMENTS: Readonly<Record<string, unknown>> = {
  ...{ path: 'no.onnx', model: 'no.onnx', source: 'no.onnx', sources: [], inputs: {}, key: 'key' },
  image: { ...raster, channels: 3, data: new Uint8Array(3) },
  mask: { ...raster, channels: 1, data: new Uint8Array(1) },
  x: node.training.input('x', [1, 3, 8, 8]),
  ...{ weights: node.training.initialWeights(), out: 4, kernel: 3, name: 'block', names: ['a', 'b', 'c'] },
};

const at = (path: string, from: unknown): unknown =>
  path.split('.').reduce((found, name) => Object(found)[name], from);

/** What methods are of, by the names of their types. */
let instances: Readonly<Record<string, { close(): Promise<void> }>> = {};
beforeAll(async () => {
  const model = TINY.sound();
  const [segmenter, session] = [await node.Segmenter.load(model), await node.createSession(model)];
  instances = { Segmenter: segmenter, BaseSegmenter: segmenter, Session: session, SharedSession: session };
});
afterAll(() => Promise.all(Object.values(instances).map((each) => each.close())));

/** What a door says of options. */
async function answerTo(door: Door, entry: keyof typeof ENTRIES, options: unknown): Promise<unknown> {
  const owner = door.owner === undefined ? undefined : instances[door.owner];
  const path = door.name.split('.').slice(0, -1).join('.');
  const self = owner ?? (path === '' ? undefined : at(path, ENTRIES[entry]));
  const call = owner === undefined ? at(door.name, ENTRIES[entry]) : at(door.name, owner);
  const before = door.before.map((name) => {
    if (name in ARGUMENTS) return ARGUMENTS[name];
    throw new Error(`${door.name}: say in ARGUMENTS what stands for ${name}`);
  });
  try {
    const result = Reflect.apply(call as () => unknown, self, [...before, options]);
    return await (Symbol.asyncIterator in Object(result) ? Object(result).next() : result);
  } catch (error) {
    return error;
  }
}

const doors = (['index', 'web'] as const).flatMap((entry) =>
  declarations
    .doorsOf(built(entry))
    // What is of an instance is the same on all platforms.
    .filter(({ owner }) => entry === 'index' || owner === undefined)
    .map((door) => ({
      title: `${entry}: ${[door.owner, door.name].filter(Boolean).join('#')}`,
      entry,
      door,
    })),
);

it('finds the doors by their declarations', () => {
  const titles = doors.map(({ title }) => title);
  const some = ['index: exportModel', 'index: Segmenter.load', 'index: Session#run', 'web: createSession'];
  expect(titles).toEqual(expect.arrayContaining(some));
});

describe.each(doors)('$title', ({ door, entry }) => {
  const refused = (message: string) => ({ code: 'BAD_USAGE', message: expect.stringContaining(message) });

  it('refuses an option that does not exist', async () => {
    const options = { nonsense: 1 };
    expect(await answerTo(door, entry, options)).toMatchObject(refused('no option is named `nonsense`'));
  });

  it('refuses what are no options', async () => {
    for (const other of ['a.onnx', null, new Map()]) {
      expect(await answerTo(door, entry, other)).toMatchObject(refused('options'));
    }
  });

  it('refuses values of a type that its options do not take, by their names', async () => {
    for (const name of door.options) {
      const message = `\`${name}: Symbol(x)\`, expected `;
      expect(await answerTo(door, entry, { [name]: Symbol('x') })).toMatchObject(refused(message));
    }
  });
});

const GIVEN = { checkpoint: 'a.pth', output: 'a.onnx' };
it.each([
  [
    node.exportModel,
    { ...GIVEN, Reference: 'a' },
    'no option is named `Reference`; the closest is `reference`',
  ],
  [
    node.exportModel,
    { ...GIVEN, size: '64x64' },
    "`size: '64x64'`, expected { batch?, depth?, height?, width? }",
  ],
  [node.exportModel, { ...GIVEN, size: { heigth: 64 } }, '`size: { heigth }`, expected { batch?, depth?'],
  [
    node.exportModel,
    { ...GIVEN, recipe: 'unit' },
    "`recipe: 'unit'`, expected an object such as { normalization: NORMALIZATIONS.unit }",
  ],
  [node.predict, { images: 'a.png' }, "`images: 'a.png'`, expected a list of paths"],
  [node.graft, { model: 'a.onnx', output: 'b.onnx' }, '`skips` is missing: expected a list of names'],
  [node.inspect, undefined, '`path` is missing: expected a path or a file: URL'],
] as const)('%p says what it takes in place of %j', async (door, options, message) => {
  const refused = Reflect.apply(door as (options: unknown) => Promise<unknown>, undefined, [options]);
  await expect(refused).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: expect.stringContaining(message),
  });
});

it('doctor and bundle stop when their signal says so, and write nothing', async () => {
  const [signal, output] = [AbortSignal.abort(), join(root, 'out', 'never')];
  const model = join(root, 'fixtures', 'foreign', 'unet.onnx');
  const aborted = { name: 'AbortError' };
  await expect(node.doctor(undefined, { signal })).rejects.toMatchObject(aborted);
  await expect(node.bundle({ model, format: 'slurm', output, signal })).rejects.toMatchObject(aborted);
  expect(existsSync(output)).toBe(false);
});
