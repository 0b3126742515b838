import { describe, it } from '@jest/globals';
import { plainCases } from '../../../support/plain.js';
import { expectFound } from '../../../support/plain-search.js';

describe('a reference finds the network of a state dict whose keys nobody knows', () => {
  it.each(plainCases)('$name, registered $order', expectFound);
});
