import { describe, expect, it } from '@jest/globals';
import { classNamesIn, givenClassNames, parseClassNames } from '../../../graph/recipe/class-names.js';

describe('a file of names', () => {
  it.each([
    ['a name a line', 'background\nlesion\n', false],
    ['with Windows line ends and a byte order mark', '\ufeffbackground\r\nlesion\r\n', false],
    ['with numbers before the names', '0 background\n1: lesion\n', false],
    ['with spaces around', '  background \n\tlesion\n\n', false],
    ['a JSON list', '["background", "lesion"]', true],
    ['a dict of names by number (id2label)', '{"1": "lesion", "0": "background"}', true],
    ['a dict of numbers by name', '{"lesion": 1, "background": 0}', true],
    ["nnU-Net's dataset.json", '{"labels": {"background": 0, "lesion": 1, "ignore": 2}, "x": 1}', true],
    ['categories in their order', '[{"name": "background"}, {"name": "lesion", "color": "#f00"}]', true],
    [
      "COCO's categories",
      '{"categories": [{"id": 1, "name": "lesion"}, {"id": 0, "name": "background"}]}',
      true,
    ],
    ['a config.json', '{"id2label": {"0": "background", "1": "lesion"}}', true],
  ])('is read: %s', (_, text, isJson) => {
    expect(parseClassNames(text, isJson)).toEqual(['background', 'lesion']);
  });

  it('keeps numbers that are no count from 0, and names of any script', () => {
    expect(parseClassNames('1 vein\n2 vein', false)).toEqual(['1 vein', '2 vein']);
    expect(parseClassNames('Läsion\n病变', false)).toEqual(['Läsion', '病变']);
  });

  it.each([
    ['', false, 'it names no class'],
    ['a\n\nb', false, 'class 1 has no name'],
    ['a\na', false, "'a' names two classes"],
    ['a\n\u200b', false, 'the name of class 1 has only invisible characters'],
    ['a\n\u2800\u3164', false, 'the name of class 1 has only invisible characters'],
    ['a\na\u200b', false, "'a\u200b' names two classes"],
    ['caf\u00e9\ncafe\u0301', false, "'cafe\u0301' names two classes"],
    ['{"labels": {"background": 0, "whole tumour": [1, 2]}}', true, "'whole tumour' is a list of labels"],
    ['[{"id": 0, "name": "a"}, {"id": 0, "name": "b"}]', true, 'class 0 has two names'],
    ['a\u202eb', false, 'the name of class 0 holds a control character'],
    ['x'.repeat(65), false, 'the name of class 0 has 65 characters, at most 64'],
    [Array.from({ length: 256 }, (_, i) => `c${i}`).join('\n'), false, 'it names 256 classes, at most 255'],
    [' '.repeat(70_000), false, 'it has 70000 characters, at most 65536 are read'],
    ['{"0": "a", "2": "b"}', true, 'it has no name for class 1: classes are numbered from 0'],
    ['[1]', true, 'the name of class 0 is not a string'],
    ['{"0": "a", "1": ["b"]}', true, 'the name of class 1 is not a string'],
    ['[{"id": 1, "name": "a"}]', true, 'it has no name for class 0'],
    ['"a"', true, 'it holds no list of names'],
  ])('is refused: %#', (text, isJson, problem) => {
    expect(() => parseClassNames(text, isJson)).toThrow(problem);
  });
});

describe('names in what a file says of itself', () => {
  const names = (texts: Record<string, string>) => classNamesIn(new Map(Object.entries(texts)), 2);

  it.each([
    ['a dict as Python writes it', { names: "{0: 'back ground', 1: \"surgeon's hand\"}" }],
    ['a tuple', { classes: "('back ground', \"surgeon's hand\",)" }],
    ['JSON', { id2label: '{"0":"back ground","1":"surgeon\'s hand"}' }],
    ['commas', { class_names: "back ground,surgeon's hand" }],
    ['the first field that fits', { class_names: 'yes', labels: '["back ground","surgeon\'s hand"]' }],
  ])('are found: %s', (_, texts) => {
    expect(names(texts as Record<string, string>)).toEqual(['back ground', "surgeon's hand"]);
  });

  it('are none where there are as many as there are no classes, or something else', () => {
    expect(names({ names: "{0: 'person'}" })).toBeUndefined();
    expect(names({ classes: '2', labels: 'folder/labels.txt', names: "{0: 'a', 1: __import__('os')}" })).toBe(
      undefined,
    );
  });

  it('are not searched for where a text is longer than any list of names', () => {
    expect(names({ names: `['a', 'b']${' '.repeat(2 ** 16)}`, labels: 'x,y' })).toEqual(['x', 'y']);
  });
});

it('names that are given are as many as classes, and a list', () => {
  expect(givenClassNames([' a ', 'b'], 2)).toEqual(['a', 'b']);
  expect(() => givenClassNames(['a', 'b'], 1)).toThrow(
    '`classNames`: it names 2 classes, the model gives 1 class: expected a name for each',
  );
  expect(() => givenClassNames('ab' as never)).toThrow('`classNames`: expected a list of names');
});
