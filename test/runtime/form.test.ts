import { expect, it } from '@jest/globals';
import { RECIPE_KEY, recipeText, type Sizing } from '../../graph/recipe.js';
import { formOf } from '../../runtime/form.js';

it.each<[Sizing, string]>([
  [{ kind: 'resize', height: 65_536, width: 65_536 }, 'it takes 65536 x 65536 pixels, more than can be held'],
  [{ kind: 'pad', multiple: 65_536 }, 'its recipe pads to a multiple of 65536 pixels, more than can be held'],
])(
  'a model whose recipe asks for more pixels than can be held is at fault, not who runs it: %j',
  (sizing, message) => {
    const recipe = recipeText({ normalization: { kind: 'unit' }, sizing });
    const type = { dtype: 'float32', shape: ['N', 3, 'H', 'W'] } as const;
    const outline = {
      inputs: [{ name: 'input', type }],
      outputs: [],
      metadata: new Map([[RECIPE_KEY, recipe]]),
    };
    expect(() => formOf(outline)).toThrow(expect.objectContaining({ code: 'BAD_MODEL', message }));
  },
);
