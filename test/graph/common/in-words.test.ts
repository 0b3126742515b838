import { expect, test } from '@jest/globals';
import { inWords } from '../../../graph/common/in-words.js';

test('a list reads as in a sentence, whatever its length', () => {
  const lists = [[], ['a'], ['a', 'b'], ['a', 'b', 'c']];
  const joints = ['and', 'or'] as const;
  const others = { and: 'conjunction', or: 'disjunction' } as const;
  for (const joint of joints) {
    const format = new Intl.ListFormat('en-GB', { type: others[joint] });
    expect(lists.map((list) => inWords(list, joint))).toEqual(lists.map((list) => format.format(list)));
  }
});
