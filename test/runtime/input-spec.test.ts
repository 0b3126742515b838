import { describe, expect, it } from '@jest/globals';
import { outlineOf } from '../../graph/ir/model.js';
import type { Value } from '../../graph/ir/value.js';
import { relu, sigmoid, softmax } from '../../graph/ops/unary.js';
import { RECIPE_KEY, recipeText, type Sizing } from '../../graph/recipe/recipe.js';
import { type InputSpecOptions, imageSpecOf, inputSpecOf } from '../../runtime/input-spec.js';
import { COLOURS, pixelwise, UNIT } from '../support/pixelwise.js';

const KNOWN = { 'nmode.recipe': UNIT };
const form = (
  end: (logits: Value) => Value,
  options: InputSpecOptions = {},
  metadata: Readonly<Record<string, string>> = KNOWN,
) => inputSpecOf(outlineOf(pixelwise({ ...COLOURS, end, metadata })), options);
const logits = (x: Value) => x;
const softmaxed = (x: Value) => softmax(x, 1);

describe('the recipe', () => {
  it('is assumed where nobody says it, and refused so where that is asked for', () => {
    const assumed = [{ what: 'recipe', value: 'min-max, resized to 8x8', option: 'recipe' }];
    expect(form(sigmoid, {}, {}).assumed).toEqual(assumed);
    expect(form(sigmoid).assumed).toEqual([]);
    expect(form(sigmoid, { recipe: { normalization: { kind: 'unit' } } }, {}).assumed).toEqual([]);
    expect(() => form(sigmoid, { strictRecipe: true }, {})).toThrow(
      'it has no recipe: set one with `recipe`',
    );
    expect(form(sigmoid, { strictRecipe: true }).assumed).toEqual([]);
  });

  it('of a size that neither the model nor the caller says is told as assumed', () => {
    const open = outlineOf(pixelwise({ ...COLOURS, end: sigmoid }));
    const [port] = open.inputs;
    const inputs = [{ name: 'input', type: { dtype: 'float32', shape: [1, 3, 'H', 'W'] } }] as const;
    expect(port?.name).toBe('input');
    const given = { recipe: { normalization: { kind: 'unit' } } } as const;
    expect(inputSpecOf({ ...open, inputs }, given).assumed).toEqual([
      { what: 'size', value: '256x256', option: 'recipe' },
    ]);
  });

  it('and the size are assumed apart, where a model states that they were', () => {
    const recipe = { what: 'recipe', value: 'unit, resized to 8x8', option: 'recipe', verified: false };
    const size = { what: 'size', value: '8x8', option: 'size, nativeSize', verified: false };
    const assumedOf = (list: readonly object[], options: InputSpecOptions = {}) =>
      form(sigmoid, options, { ...KNOWN, 'nmode.assumed': JSON.stringify(list) }).assumed.map(
        ({ what }) => what,
      );
    expect(assumedOf([size])).toEqual(['size']);
    expect(assumedOf([recipe, size])).toEqual(['recipe', 'size']);
    const normalization = { kind: 'unit' } as const;
    expect(assumedOf([recipe, size], { recipe: { normalization } })).toEqual(['size']);
    const sizing: Sizing = { kind: 'resize', height: 8, width: 8 };
    expect(assumedOf([recipe, size], { recipe: { normalization, sizing } })).toEqual([]);
  });
});

describe('mirroring and the size of pixels', () => {
  const given = (parts: object) => ({
    'nmode.recipe': JSON.stringify({ version: 3, ...JSON.parse(UNIT), ...parts }),
  });
  const spacing = { height: 1.5, width: 1, order: 3 };

  it('are as the model says, and mirroring may be left out', () => {
    const mirror = ['height', 'width'];
    expect(form(sigmoid, {}, given({ mirror })).recipe.mirror).toEqual(mirror);
    expect(form(sigmoid, { mirror: true }, given({ mirror })).recipe.mirror).toEqual(mirror);
    expect(form(sigmoid, { mirror: false }, given({ mirror })).recipe).not.toHaveProperty('mirror');
    expect(() => form(sigmoid, { mirror: true })).toThrow(/along which axes this network may be mirrored/);
  });

  it('are assumed where a model is of millimetres, and do not apply to others', () => {
    const inMm = given({ spacing: { ...spacing, unit: 'mm' } });
    expect(form(sigmoid, {}, inMm)).toMatchObject({
      pixel: { height: 1, width: 1 },
      assumed: [{ what: 'spacing of images', value: '1 x 1 mm a pixel', option: 'spacing' }],
    });
    const pixel = { height: 0.8, width: 0.7 };
    expect(form(sigmoid, { spacing: pixel }, inMm)).toMatchObject({ pixel, assumed: [] });
    expect(() => form(sigmoid, { spacing: { height: 0, width: 1 } }, inMm)).toThrow('a spacing of 0 x 1');
    const inPixels = given({ spacing: { ...spacing, unit: 'px' } });
    expect(form(sigmoid, {}, inPixels).assumed).toEqual([]);
    for (const other of [inPixels, KNOWN])
      expect(() => form(sigmoid, { spacing: pixel }, other)).toThrow('`spacing` does not apply');
  });
});

describe('the head', () => {
  it('is what the metadata say of logits, and regions are those of a sigmoid', () => {
    const regions = [1, 2, 3].map((label) => ({ label, of: [label] }));
    const said = { ...KNOWN, 'nmode.applied_head': 'softmax', 'nmode.regions': JSON.stringify(regions) };
    expect(form(logits, {}, said)).toMatchObject({ head: 'softmax', classes: { kind: 'exclusive' } });
    expect(form(logits, {}, said).classes).not.toHaveProperty('regions');
    const independent = { ...said, 'nmode.applied_head': 'sigmoid' };
    expect(form(logits, {}, independent).classes).toEqual({ kind: 'independent', regions });
    expect(form(sigmoid, {}, said)).not.toHaveProperty('head');
    const wrong: readonly (readonly [object, string])[] = [
      [{ 'nmode.applied_head': 'tanh' }, "the head 'tanh' is not one of sigmoid, softmax"],
      [{ 'nmode.regions': '[]' }, 'expected a list of regions'],
      [{ 'nmode.regions': '[{"label":1,"of":[0]}]' }, 'from 1 to 255'],
      [{ 'nmode.regions': JSON.stringify(regions.slice(1)) }, 'it has 2 regions, the model gives 3 classes'],
      [{ 'nmode.regions': JSON.stringify([...regions, ...regions]) }, 'two regions are label 1'],
    ];
    for (const [change, says] of wrong)
      expect(() => form(logits, {}, { ...independent, ...change })).toThrow(says);
  });

  it('is asked for where a model ends in logits, whatever their range', () => {
    expect(() => form(logits)).toThrow(
      "it returns logits, not probabilities: convert them with `head: 'softmax'` where classes exclude each other, as they mostly do, or `head: 'sigmoid'` where they do not",
    );
    expect(form(logits, { head: 'sigmoid' })).toMatchObject({
      head: 'sigmoid',
      classes: { kind: 'independent' },
    });
    expect(form(logits, { head: 'softmax' })).toMatchObject({
      head: 'softmax',
      classes: { kind: 'exclusive', background: 0 },
      assumed: [{ what: 'background', value: 'class 0', option: 'background' }],
    });
  });

  it.each([
    ['sigmoid', sigmoid],
    ['softmax', softmaxed],
  ] as const)('is refused behind a %s', (name, end) => {
    expect(() => form(end, { head: 'sigmoid' })).toThrow(
      `it ends in a ${name}: a \`head: 'sigmoid'\` behind it would change its probabilities`,
    );
  });

  it('that the metadata alone tells is said to be told there', () => {
    expect(() => form(relu, { head: 'sigmoid' }, { ...KNOWN, 'nmode.head': 'sigmoid' })).toThrow(
      "its metadata nmode.head says that it ends in a sigmoid: a `head: 'sigmoid'` behind it",
    );
  });

  it('is what the graph shows, whatever the metadata kept from before', () => {
    expect(form(sigmoid, {}, { ...KNOWN, 'nmode.head': 'none' }).head).toBeUndefined();
    expect(() => form(logits, {}, { ...KNOWN, 'nmode.head': 'sigmoid' })).toThrow(/returns logits/);
  });

  it('that structure does not tell is told as assumed', () => {
    expect(form(relu).assumed).toEqual([
      { what: 'head', value: 'none: its values are probabilities', option: 'head' },
    ]);
    expect(form(relu, {}, { ...KNOWN, 'nmode.head': 'sigmoid' }).assumed).toEqual([]);
  });
});

it('that one of several outputs is taken is told', () => {
  const outline = outlineOf(pixelwise({ ...COLOURS, end: sigmoid, metadata: KNOWN }));
  const outputs = [...outline.outputs, { name: 'deep' }];
  expect(inputSpecOf({ ...outline, outputs }).assumed).toEqual([
    { what: 'output', value: "'out', the first of 2", option: 'outputName' },
  ]);
  expect(() => inputSpecOf({ ...outline, outputs }, { outputName: 'deep' })).toThrow(
    "its first output is 'out', not 'deep': optimizeModel with `outputName: 'deep'` writes a model of that one",
  );
  expect(() => inputSpecOf({ ...outline, outputs }, { outputName: 'none' })).toThrow(
    "no output is named 'none': it has out, deep",
  );
});

describe('the background', () => {
  it.each([
    ['assumed to be class 0', {}, {}, 0, 1],
    ['that of the metadata', {}, { 'nmode.background': '2' }, 2, 0],
    ['none by the metadata', {}, { 'nmode.background': 'none' }, 'none', 0],
    ['that of the caller', { background: 1 }, { 'nmode.background': '2' }, 1, 0],
    ['none by the caller', { background: 'none' }, {}, 'none', 0],
  ] as const)('is %s', (_, options, metadata, background, assumptions) => {
    const { classes, assumed } = form(softmaxed, options, { ...KNOWN, ...metadata });
    expect(classes).toEqual({ kind: 'exclusive', background });
    expect(assumed).toHaveLength(assumptions);
  });

  it('is refused where it does not apply', () => {
    expect(() => form(softmaxed, { background: 3 })).toThrow(
      "a background of 3: the model's 3 classes are 0 to 2",
    );
    expect(() => form(sigmoid, { background: 0 })).toThrow(
      '`background: 0` does not apply: its classes do not exclude each other',
    );
    // What structure does not tell is not denied.
    expect(() => form(relu, { background: 0 })).toThrow('nothing says that its classes exclude each other');
    expect(() => form(softmaxed, {}, { ...KNOWN, 'nmode.background': '7' })).toThrow(
      expect.objectContaining({
        code: 'BAD_MODEL',
        message: "its metadata nmode.background: a background of 7: the model's 3 classes are 0 to 2",
      }),
    );
    expect(() => form(softmaxed, {}, { ...KNOWN, 'nmode.background': 'first' })).toThrow(
      "its metadata nmode.background: a background of 'first', expected the index of a class, from 0 on, or none",
    );
  });
});

it.each<[Sizing, string]>([
  [
    { kind: 'pad', multiple: 8 },
    'its height is 8, but the recipe that is given keeps images at their own size',
  ],
  [{ kind: 'resize', height: 8, width: 9 }, 'its width is 8, but the recipe that is given resizes to 9'],
])('a recipe that does not fit is not blamed on the model: %j', (sizing, message) => {
  expect(() => form(sigmoid, { recipe: { sizing } })).toThrow(
    expect.objectContaining({ code: 'BAD_USAGE', message }),
  );
});

it('a model that takes nothing, or what it does not describe, is told so', () => {
  const refusal = (inputs: Parameters<typeof imageSpecOf>[0]['inputs']) => () =>
    imageSpecOf({ inputs, metadata: new Map() });
  expect(refusal([])).toThrow(/^it takes nothing, expected one image/);
  const two = ['now', 'before'].map((name) => ({
    name,
    type: { dtype: 'float32' as const, shape: [1, 3, 8, 8] },
  }));
  expect(refusal(two)).toThrow(
    /^it takes 'now' float32 \[1,3,8,8\] and 'before' float32 \[1,3,8,8\], expected one/,
  );
  const volume = { name: 'x', type: { dtype: 'float32' as const, shape: [1, 1, 8, 8, 8] } };
  expect(refusal([volume])).toThrow(
    /^it takes float32 \[1,1,8,8,8\], a volume: volumes cannot be read from files/,
  );
  expect(refusal([{ name: 'x' }])).toThrow(/^it takes values \[of any shape\], expected one image/);
});

it.each<[Sizing, string]>([
  [{ kind: 'resize', height: 65_536, width: 65_536 }, 'it takes 65536 x 65536 pixels, more than can be held'],
  [{ kind: 'pad', multiple: 65_536 }, 'its recipe pads to a multiple of 65536 pixels, more than can be held'],
])(
  'a model whose recipe asks for more pixels than can be held is at fault, not who runs it: %j',
  (sizing, message) => {
    const recipe = recipeText({ normalization: { kind: 'unit' }, sizing });
    const type = { dtype: 'float32', shape: ['N', 3, 'H', 'W'] } as const;
    const outline = { inputs: [{ name: 'input', type }], metadata: new Map([[RECIPE_KEY, recipe]]) };
    expect(() => imageSpecOf(outline)).toThrow(expect.objectContaining({ code: 'BAD_MODEL', message }));
  },
);
