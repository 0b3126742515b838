import { describe, it } from '@jest/globals';
import { SMP_CASES } from '../../support/smp.js';
import { expectParity } from '../../support/smp-parity.js';

describe('every class of smp gives what PyTorch gives, of both its outputs, as built and rewritten', () => {
  it.each(Object.entries(SMP_CASES))('%s', (name, entry) => expectParity(name, entry, ['none', 'standard']));
});
