import { describe, expect, it } from '@jest/globals';
import { shapesOf } from '../../../../exporters/assembly/export-model.js';
import { planExport } from '../../../../exporters/assembly/export-plan.js';
import { hypothesesOf } from '../../../../exporters/backbones/plain/hypotheses.js';
import { float32Tensor, float32Values } from '../../../../graph/ir/tensor.js';
import { searchStructure } from '../../../../src/api/structure/structure-search.js';
import { type PlainCase, plainCases, plainCheckpoint } from '../../../support/plain.js';
import { expectFound, referenceOf, SIDE, search } from '../../../support/plain-search.js';
import { seeded } from '../../../support/seeded.js';

const caseOf = (name: string): PlainCase => {
  const found = plainCases.find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
};

/** The rest is of test:extended. */
const quick = plainCases.filter(({ name }) => /^variant-sum|unet-(046|131)$/.test(name));

describe('a reference finds the network of a state dict whose keys nobody knows', () => {
  it.each(quick)('$name, registered $order', expectFound);
});

it('an encoder with an nmODE decoder is found with it', async () => {
  const checkpoint = plainCheckpoint({ name: 'nmode' });
  const found = hypothesesOf(shapesOf(checkpoint));
  const given = planExport({ size: {}, decoder: 'eed', activation: 'tanh' });
  const reference = referenceOf({ name: 'nmode', channels: 3 });
  const { hypothesis, head } = await searchStructure(checkpoint, given, found, reference, {});
  expect(hypothesis.id).toBe('1.act-norm.relu.average');
  expect(head).toBe('sigmoid');
});

describe('a reference', () => {
  const entry = caseOf('unet-046');
  const { name, tensors } = referenceOf(entry);

  it('of probabilities tells the head as well', async () => {
    const logits = tensors.get('output');
    if (logits === undefined) throw new Error('no output');
    const output = float32Tensor(
      logits.dims,
      float32Values(logits).map((value) => 1 / (1 + Math.exp(-value))),
    );
    const given = { name, tensors: new Map([...tensors, ['output', output]]) };
    expect((await search(entry, given)).head).toBe('sigmoid');
  });

  it('of logits tells the network also where a head is asked for, which then follows it', async () => {
    const checkpoint = plainCheckpoint(entry);
    const given = planExport({ size: {}, head: 'sigmoid' });
    const found = hypothesesOf(shapesOf(checkpoint));
    expect((await searchStructure(checkpoint, given, found, { name, tensors }, {})).head).toBe('none');
  });

  it('of a smaller output is that of convolutions without padding, which is said', async () => {
    const output = float32Tensor([1, 5, SIDE - 4, SIDE - 4], new Float32Array(5 * (SIDE - 4) ** 2));
    const given = { name, tensors: new Map([...tensors, ['output', output]]) };
    await expect(search(entry, given)).rejects.toThrow(
      /its output of \[1,5,28,28\] is smaller than its input of \[1,3,32,32\], as where convolutions have no padding: such networks are not tried/,
    );
  });

  it('of another network is missed by all, and the closest is named', async () => {
    const output = float32Tensor([1, 1, SIDE, SIDE], new Float32Array(SIDE * SIDE).fill(0.25));
    await expect(search(entry, { name, tensors: new Map([...tensors, ['output', output]]) })).rejects.toThrow(
      /^unet-046\.pth: none of \d+ plain U-Nets that its shapes allow gives the outputs of unet-046\.safetensors; the closest, [\w.:-]+, is off by /,
    );
  });

  it('of another size, of more tensors or of no images is refused by what is expected', async () => {
    const image = (side: number, channels = 3) => seeded('input', [1, channels, side, side]);
    const given = (entries: Record<string, ReturnType<typeof image>>) =>
      search(entry, { name, tensors: new Map(Object.entries(entries)) });
    await expect(given({ input: image(30), output: image(30, 1) })).rejects.toThrow(
      /goes from \[1,3,30,30\] to \[1,1,30,30\], a network of these shapes from \[N, 3, H, W\] to \[N, 1, H, W\], H and W multiples of 4/,
    );
    await expect(given({ input: image(8) })).rejects.toThrow(
      /the reference has no tensor for mask: it holds input; give tensors these names/,
    );
    const flat = seeded('input', [64]);
    await expect(given({ input: image(8), output: flat })).rejects.toThrow(
      /an input and an output \[N, C, H, W\] are expected, it has \[1,3,8,8\] and \[64\]/,
    );
  });
});
