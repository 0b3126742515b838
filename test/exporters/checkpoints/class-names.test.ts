import { expect, it } from '@jest/globals';
import { classNameTexts } from '../../../exporters/checkpoints/class-names.js';
import { type PickleValue, Tuple } from '../../../exporters/checkpoints/pickle/pickle-values.js';
import { classNamesIn } from '../../../graph/recipe/class-names.js';

const dict = (entries: Readonly<Record<string, PickleValue>>) =>
  new Map<PickleValue, PickleValue>(Object.entries(entries));
const found = (object: PickleValue) => classNamesIn(classNameTexts(object), 2);

it.each<readonly [string, PickleValue]>([
  ['MMSegmentation 0', dict({ meta: dict({ CLASSES: new Tuple(['skin', 'lesion']) }) })],
  ['MMSegmentation 1', dict({ meta: dict({ dataset_meta: dict({ classes: ['skin', 'lesion'] }) }) })],
  ['Lightning', dict({ hyper_parameters: dict({ class_names: ['skin', 'lesion'], lr: 1 }) })],
  [
    'nnU-Net',
    dict({
      init_args: dict({ dataset_json: dict({ labels: dict({ skin: 0, lesion: 1n, ignore: 2 }) }) }),
    }),
  ],
  [
    'a dict by number',
    dict({
      names: new Map<PickleValue, PickleValue>([
        [0, 'skin'],
        [1, 'lesion'],
      ]),
    }),
  ],
])('finds the names of classes where %s keeps them', (_, object) => {
  expect(found(object)).toEqual(['skin', 'lesion']);
});

it('finds none in what is not a list of names, and ends in a dict that holds itself', () => {
  expect(found(dict({ classes: 2, names: [1, 2], labels: new Uint8Array(2) }))).toBeUndefined();
  const endless = dict({});
  for (const key of ['meta', 'config', 'args', 'cfg']) endless.set(key, endless);
  expect(found(endless)).toBeUndefined();
});
