/** Programs without types pass anything: what is exported says which argument is wrong, with a code, and does not fail somewhere inside. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as node from '../../../src/index.js';
import * as web from '../../../src/web.js';
import { fixture } from '../../support/fixtures.js';
import { TINY } from '../../support/tiny-models.js';

class Thing {}

const WRONG: Readonly<Record<string, unknown>> = {
  ...{ undefined: undefined, null: null, '-1': -1, '{}': {}, '[{}]': [{}], 'a Map': new Map() },
  ...{ 'a function': () => {}, 'an instance': new Thing(), 'an http URL': new URL('https://example.org/a') },
};

type Call = (...given: unknown[]) => unknown;

/** What may be left out, or has no option that must be there. */
const FITS: Readonly<Record<string, readonly string[]>> = {
  compare: ['undefined', '{}', 'an instance'],
  doctor: ['undefined'],
};

const isClass = (value: unknown) => typeof value === 'function' && /^class\b/.test(String(value));
const functionsOf = (entry: object) =>
  Object.entries(entry).filter(([, value]) => typeof value === 'function' && !isClass(value));

async function answerTo(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}

const refused = { code: expect.stringMatching(Object.keys(node.ERRORS).join('|')) };

const image = { width: 1, height: 1, channels: 3, data: new Uint8Array(3) };
const mask = { width: 1, height: 1, channels: 1, data: new Uint8Array(1) };

describe.each([
  ['node', node],
  ['web', web],
])('%s', (_, entry) => {
  it.each(functionsOf(entry))('%s refuses a first argument that is wrong', async (name, call) => {
    for (const [title, wrong] of Object.entries(WRONG)) {
      if (FITS[name]?.includes(title)) continue;
      expect([title, await answerTo(() => (call as Call)(wrong))]).toEqual([
        title,
        expect.objectContaining(refused),
      ]);
    }
  });

  it('has one class that is loaded, not constructed', async () => {
    const { Segmenter } = entry;
    const construct = () => Reflect.construct(Segmenter, ['m.onnx']);
    expect(construct).toThrow(expect.objectContaining({ code: 'BAD_USAGE' }));
    expect(construct).toThrow("a Segmenter is loaded, not constructed: await Segmenter.load('model.onnx')");
    for (const wrong of Object.values(WRONG)) {
      expect(await answerTo(() => (Segmenter.load as Call)(wrong))).toMatchObject(refused);
    }
    const classes = Object.entries(entry).filter(([, value]) => isClass(value));
    expect(classes.map(([name]) => name).sort()).toEqual(['NmodeError', 'Segmenter']);
  });
});

it.each([
  [node.drawOverlay, [image], 'mask'],
  [node.drawOutline, [image], 'mask'],
  [node.drawClasses, [image], 'masks'],
  [node.confusionOf, [mask], 'truth'],
  [node.inspect, ['a.onnx', 3], '`key: 3`'],
  [node.drawClasses, [image, [mask], 'a'], "`legend: 'a'`"],
  [node.encodePng, [mask, 3], '`palette: 3`'],
] as const)('%p names one of its other arguments', async (call, given, name) => {
  const said = { code: 'BAD_USAGE', message: expect.stringContaining(name) };
  expect(await answerTo(() => (call as Call)(...given))).toMatchObject(said);
});

describe('a segmenter', () => {
  const file = fixture('images', 'ISIC_0013106.jpg');
  const recipe = {
    normalization: node.NORMALIZATIONS.unit,
    sizing: { kind: 'resize', height: 32, width: 32 },
  } as const;
  let segmenter: node.Segmenter;
  beforeAll(async () => {
    segmenter = await node.Segmenter.load(TINY.sound(), { recipe });
  });
  afterAll(() => segmenter.close());

  it.each(Object.entries(WRONG))('refuses %s for an image', async (_, wrong) => {
    expect(await answerTo(() => segmenter.segment(wrong as string))).toMatchObject({ code: 'BAD_USAGE' });
  });

  it.each(['undefined', 'null', '-1', '{}', 'a function'])('refuses %s for images', async (title) => {
    const all = segmenter.segmentAll(WRONG[title] as string[]);
    expect(await answerTo(() => all.next())).toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining('expected a list of images, or what yields them'),
    });
  });

  it('takes no options for undefined alone', async () => {
    const said = { code: 'BAD_USAGE', message: 'expected an object of options, found null' };
    expect(await answerTo(() => segmenter.segment(file, null as never))).toMatchObject(said);
    expect(await answerTo(() => segmenter.segmentAll([], null as never).next())).toMatchObject(said);
    expect(await segmenter.segment(file, undefined)).toHaveProperty('mask');
  });

  it.each<[string, () => node.ImageSource]>([
    ['its URL', () => pathToFileURL(file)],
    ['a Blob', () => new Blob([readFileSync(file)])],
    ['its bytes', () => readFileSync(file)],
    ['a buffer', () => Uint8Array.from(readFileSync(file)).buffer],
    ['a list of it', () => [pathToFileURL(file)]],
  ])('takes a file by %s', async (_, source) => {
    const [found, expected] = [await segmenter.segment(source()), await segmenter.segment(file)];
    expect(found.probabilities).toEqual(expected.probabilities);
  });
});

it('what takes a path takes its file: URL', async () => {
  const [image, model] = [fixture('images', 'ISIC_0013106.jpg'), fixture('foreign', 'unet.onnx')];
  const url = pathToFileURL(image);
  expect(await node.findImages(url)).toEqual([image]);
  expect(await node.readImage(url)).toEqual(await node.readImage(image));
  expect(await node.inspect(pathToFileURL(model))).toMatchObject({ kind: 'model', file: 'unet.onnx' });
  expect(await node.proposeSkips(pathToFileURL(model))).toMatchObject({ kind: 'skips', file: 'unet.onnx' });
  await expect(node.readImage(new URL('file://elsewhere/a.png'))).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: expect.stringMatching(/^file:\/\/elsewhere\/a\.png: not a file of this machine: /),
  });
});

it('inspect and proposeSkips stop when their signal says so', async () => {
  const [signal, model] = [AbortSignal.abort(), fixture('foreign', 'unet.onnx')];
  const aborted = { name: 'AbortError' };
  await expect(node.inspect(model, undefined, { signal })).rejects.toMatchObject(aborted);
  await expect(node.inspect(model.replace('.onnx', '.pth'), undefined, { signal })).rejects.toMatchObject(
    aborted,
  );
  await expect(node.proposeSkips(model, { signal })).rejects.toMatchObject(aborted);
});
