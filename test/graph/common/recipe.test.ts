import { describe, expect, it } from '@jest/globals';
import { parseBackground, parseRecipe, type Recipe, recipeText } from '../../../graph/common/recipe.js';

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
      /mean is not a number a channel/,
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
      /mean is not a number a channel/,
    ],
    [
      'a deviation of 0',
      { normalization: { kind: 'mean-std', mean: [1, 2, 3], std: [1, 0, 1] }, sizing: resize },
      /std is not a number a channel, each above 0, that can be divided by/,
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
