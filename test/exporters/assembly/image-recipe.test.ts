import { expect, it } from '@jest/globals';
import { imageInput, prepare } from '../../../exporters/assembly/image-io.js';
import { encodeModel } from '../../../graph/file/write.js';
import type { Recipe } from '../../../graph/recipe/recipe.js';
import { assemble } from '../../../graph/rewriting/assemble.js';
import { frameOf } from '../../../runtime/images/frame.js';
import { prepareWindow } from '../../../runtime/images/prepare.js';
import { createSession } from '../../../runtime/node/sessions/session.js';

const [width, height] = [6, 5];
/** Two channels, of which a third of the pixels are 0 in one, and some in both. */
const data = Uint8Array.from({ length: 2 * width * height }, (_, i) =>
  i % 3 === 0 || i < 8 ? 0 : (37 * i) % 251,
);

const RECIPE: Recipe = {
  normalization: {
    kind: 'channels',
    channels: [
      { kind: 'z-score', per: 'channel', over: 'foreground' },
      {
        kind: 'steps',
        steps: [
          { kind: 'clip', low: 20, high: 200 },
          { kind: 'min-max', to: 1, per: 'channel' },
        ],
      },
    ],
  },
  sizing: { kind: 'pad', multiple: 1 },
};

it('normalizations of each channel and of the foreground are the same in a graph and beside it', async () => {
  const image = imageInput(2, 8);
  const x = prepare(image, RECIPE, 2);
  const model = assemble({ name: 'recipe', inputs: [image], outputs: { x }, producerVersion: '1' });
  await using session = await createSession(encodeModel(model));
  const found = await session.run(
    { image: { type: 'uint8', dims: [1, height, width, 2], data } },
    { type: 'float32' },
  );
  const { rows } = frameOf({ width, height, channels: 2, data }, RECIPE, { width: 1, height: 1 });
  const expected = prepareWindow(rows, { x: 0, y: 0, width, height }, 'NCHW');
  for (const [i, value] of (found.x?.data ?? []).entries())
    expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5);
  expect(found.x?.data).toHaveLength(expected.length);
});

it.each([
  ['crop', { ...RECIPE, crop: 'foreground' }],
  ['mirror', { ...RECIPE, mirror: ['width'] }],
  ['sizing slide', { ...RECIPE, sizing: { kind: 'slide', height: 4, width: 4, step: 0.5 } }],
] satisfies [string, Recipe][])('%s is done by no graph', (part, recipe) => {
  expect(() => prepare(imageInput(2, 8), recipe, 2)).toThrow(
    `\`io: 'image'\`: the recipe has ${part}, which a graph cannot do`,
  );
});
