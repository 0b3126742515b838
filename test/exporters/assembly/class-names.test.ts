import { describe, expect, it } from '@jest/globals';
import { namedClasses } from '../../../exporters/assembly/class-names.js';
import { datasetOf } from '../../../exporters/backbones/nnunet/dataset.js';

/** What an export makes of the labels of a dataset.json, as the text of the file. */
function namedBy(labels: string) {
  const { labels: read } = datasetOf(
    'dataset.json',
    JSON.parse(`{"channel_names": {"0": "R"}, "labels": ${labels}}`),
  );
  const names = read.outputs.map(({ name }) => name);
  return namedClasses(undefined, names.length, undefined, names);
}

describe('names of classes in dataset.json', () => {
  it.each([
    ['{"background": 0, "__proto__": 1}', ['background', '__proto__']],
    ['{"background": 0, "constructor": 1, "toString": 2}', ['background', 'constructor', 'toString']],
    ['{"background": 0, "<b>x</b>": 1}', ['background', '<b>x</b>']],
    ['{"background": 0, "  lesion ": 1}', ['background', 'lesion']],
    ['{"background": 0, "lesion": 2, "lesion": 1}', ['background', 'lesion']],
    ['{"lesion": 1, "1": 0}', ['1', 'lesion']],
  ])('%s are kept where they are harmless', (labels, names) => {
    const { metadata, notes } = namedBy(labels);
    expect(metadata).toEqual([['nmode.class_names', JSON.stringify(names)]]);
    expect(notes).toEqual([`the checkpoint names the classes: ${names.join(', ')}`]);
  });

  it.each([
    ['{"background": 0, "a\\u001b[2Jb": 1}', 'the name of class 1 holds a control character'],
    ['{"background": 0, "a\\nb": 1}', 'the name of class 1 holds a control character'],
    ['{"background": 0, "\\u202egnp": 1}', 'the name of class 1 holds a control character'],
    ['{"background": 0, " ": 1}', 'class 1 has no name'],
    [
      `{"background": 0, "${'x'.repeat(2 ** 20)}": 1}`,
      'the name of class 1 has 1048576 characters, at most 64',
    ],
    ['{"background": 0, "lesion": 1, "lesion ": 2}', "'lesion' names two classes"],
    [
      `{${Array.from({ length: 300 }, (_, label) => `"c${label}": ${label}`).join(', ')}}`,
      'it names 300 classes, at most 255',
    ],
  ])('%# are left out where they are not, and a note says why', (labels, why) => {
    expect(namedBy(labels)).toEqual({
      metadata: [],
      notes: [`its names of the classes are left out: ${why}; \`classNames\` gives others`],
    });
  });
});
