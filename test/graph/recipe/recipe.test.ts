import { describe, expect, it } from '@jest/globals';
import {
  checkRecipe,
  parseBackground,
  parseRecipe,
  type Recipe,
  recipeText,
} from '../../../graph/recipe/recipe.js';

const resize = { kind: 'resize', height: 256, width: 320 } as const;

describe('a recipe', () => {
  it.each<Recipe>([
    { normalization: { kind: 'min-max' }, sizing: resize },
    { normalization: { kind: 'unit' }, sizing: { kind: 'pad', multiple: 16 } },
    { normalization: { kind: 'mean-std', mean: [0.5, 0.4, 0], std: [0.1, 1, 2] }, sizing: resize },
    { normalization: { kind: 'mean-std', mean: [0.5], std: [0.1] }, sizing: resize },
    { normalization: { kind: 'unit' }, sizing: resize, grey: 'luma' },
  ])('is the same when it is read again: %j', (recipe) => {
    expect(parseRecipe(recipeText(recipe))).toEqual(recipe);
  });

  it('tells its version where the first cannot say it', () => {
    const [first, grey] = [{ normalization: { kind: 'unit' }, sizing: resize }, { grey: 'red' }] as const;
    expect(JSON.parse(recipeText(first))).toEqual(first);
    expect(JSON.parse(recipeText({ ...first, ...grey }))).toEqual({ version: 2, ...first, ...grey });
  });

  it('with parts that are not in the first versions is of the third, and the same when it is read again', () => {
    const normalization = { kind: 'z-score', per: 'channel' } as const;
    const sizing = { kind: 'pad', multiple: 16 } as const;
    const parts: readonly Partial<Recipe>[] = [
      { transpose: true },
      { crop: 'foreground' },
      { spacing: { height: 0.5, width: 2, order: 3, unit: 'mm' } },
      { mirror: ['width'] },
      { files: 'nnunet' },
      { sizing: { kind: 'slide', height: 32, width: 48, step: 0.5 } },
      { normalization: { kind: 'channels', channels: [normalization, { kind: 'unit' }] } },
      { normalization: { ...normalization, over: 'foreground' } },
    ];
    for (const part of parts) {
      const recipe = { normalization, sizing, ...part };
      expect(JSON.parse(recipeText(recipe)).version).toBe(3);
      expect(parseRecipe(recipeText(recipe))).toEqual(recipe);
      expect(checkRecipe(part)).toEqual(part);
    }
  });

  const minMax = { kind: 'min-max' };
  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /not a recipe/],
    ['no object', 7, /a recipe is not an object/],
    [
      'half a recipe',
      { normalization: minMax },
      /a recipe has normalization, expected normalization, sizing/,
    ],
    [
      'a misspelt part',
      { normalization: minMax, sizing: resize, sising: 1 },
      /a recipe has .*sising, expected/,
    ],
    ['no kind', { normalization: 3, sizing: resize }, /normalization has no kind/],
    [
      'an unknown normalization',
      { normalization: { kind: 'z' }, sizing: resize },
      /'z' is not one of min-max/,
    ],
    [
      'a mean of two channels beside a std of three',
      { normalization: { kind: 'mean-std', mean: [1, 2], std: [1, 1, 1] }, sizing: resize },
      /mean is of 2 channels, std of 3/,
    ],
    [
      'a mean of no channel',
      { normalization: { kind: 'mean-std', mean: [], std: [] }, sizing: resize },
      /mean is not one number per channel/,
    ],
    [
      'a later version',
      { version: 4, normalization: minMax, sizing: resize },
      /version 4 is not one of 1, 2, 3: a later/,
    ],
    [
      'an unknown grey',
      { normalization: minMax, sizing: resize, grey: 'green' },
      /grey 'green' is not one of luma, red/,
    ],
    [
      'a text for a mean',
      { normalization: { kind: 'mean-std', mean: '1', std: [1] }, sizing: resize },
      /mean is not one number per channel/,
    ],
    [
      'a deviation of 0',
      { normalization: { kind: 'mean-std', mean: [1, 2, 3], std: [1, 0, 1] }, sizing: resize },
      /std is not one number per channel, each above 0, that can be divided by/,
    ],
    [
      'half a size',
      { normalization: minMax, sizing: { kind: 'resize', height: 256 } },
      /sizing resize has kind, height/,
    ],
    [
      'a size of 1.5',
      { normalization: minMax, sizing: { kind: 'pad', multiple: 1.5 } },
      /multiple is not a whole number/,
    ],
    [
      'a step of nothing',
      { normalization: minMax, sizing: { kind: 'slide', height: 8, width: 8, step: 0 } },
      /step is not a number from 0.0625 to 1/,
    ],
    [
      'a spacing of nothing',
      { normalization: minMax, sizing: resize, spacing: { height: 0, width: 1, order: 3, unit: 'mm' } },
      /the height of a pixel is 0, expected a number above 0/,
    ],
    [
      'a spline of order 2',
      { normalization: minMax, sizing: resize, spacing: { height: 1, width: 1, order: 2, unit: 'mm' } },
      /order '2' is not one of 0, 1, 3/,
    ],
    [
      'an axis twice',
      { normalization: minMax, sizing: resize, mirror: ['width', 'width'] },
      /mirror is not a list of different axes/,
    ],
    [
      'one normalization for channels',
      { normalization: { kind: 'channels', channels: [minMax] }, sizing: resize },
      /channels is not a list of 2 to 64 normalizations/,
    ],
    [
      'an unknown sizing',
      { normalization: minMax, sizing: { kind: 'crop' } },
      /'crop' is not one of resize, pad/,
    ],
  ])('%s is refused', (_, recipe, says) => {
    const text = typeof recipe === 'string' ? recipe : JSON.stringify(recipe);
    expect(() => parseRecipe(text)).toThrow(expect.objectContaining({ code: 'BAD_USAGE' }));
    expect(() => parseRecipe(text)).toThrow(says);
  });
});

it('a background is any index or none', () => {
  expect(['0', '12', '1000', 'none'].map(parseBackground)).toEqual([0, 12, 1000, 'none']);
  for (const text of ['', '-1', '1.5', 'first', '9'.repeat(20)]) {
    expect(() => parseBackground(text)).toThrow(/expected the index of a class, from 0 on, or none/);
  }
});
