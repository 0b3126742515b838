import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { encodeSafetensors } from '../../../exporters/checkpoints/write-safetensors.js';
import { at } from '../../../graph/common/at.js';
import { encodeModel } from '../../../graph/file/write.js';
import { type Attribute, int, string } from '../../../graph/ir/attribute.js';
import type { Node } from '../../../graph/ir/model.js';
import { float32Tensor } from '../../../graph/ir/tensor.js';
import { beforeHead } from '../../../graph/rewriting/head.js';
import { verify } from '../../../src/api/verify.js';
import { fixture } from '../../support/fixtures.js';
import { handmade, node } from '../../support/graph.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-hints-'));
const SIDE = 32;

afterAll(() => rmSync(folder, { recursive: true }));

/** A reference that gives one value everywhere. */
function constant(taken: string, channels: number, value: number): string {
  const path = join(folder, `${value}.safetensors`);
  const tensors = {
    [taken]: float32Tensor([1, 3, SIDE, SIDE], new Float32Array(3 * SIDE ** 2)),
    expected: float32Tensor([1, channels, SIDE, SIDE], new Float32Array(channels * SIDE ** 2).fill(value)),
  };
  writeFileSync(path, encodeSafetensors(new Map(Object.entries(tensors))));
  return path;
}

/** Models of other programs say nothing of a head: their last operator does. */
it.each([
  ['lraspp.onnx', 2, 0.5, /^the reference's outputs lie within \[0, 1\], .* and the model gives logits/],
] as const)(
  '%s, which no metadata describe, is told from a reference of the other kind',
  async (file, channels, value, hint) => {
    const model = fixture('foreign', file);
    const { pass, hints } = await verify({ model, reference: constant('image', channels, value) });
    expect(pass).toBe(false);
    expect(hints).toEqual([expect.stringMatching(hint)]);
  },
);

/** A black image, and a value for each of its pixels, of a model that takes their sigmoid and moves it on. */
async function sigmoidHeldAgainst(value: number, ...after: readonly string[]) {
  const type = { dtype: 'float32', shape: [1, 1, 2, 2] } as const;
  const names = ['p', ...after.map((_, index) => `after${index}`)];
  const model = encodeModel(
    handmade({
      nodes: [
        node('Sigmoid', ['x'], ['p']),
        ...after.map((op, index) => node(op, [at(names, index)], [at(names, index + 1)])),
      ],
      inputs: [{ name: 'x', type }],
      outputs: [{ name: at(names, after.length), type }],
    }),
  );
  const path = join(folder, 'sigmoid.safetensors');
  const filled = (of: number) => float32Tensor([1, 1, 2, 2], new Float32Array(4).fill(of));
  writeFileSync(
    path,
    encodeSafetensors(
      new Map([
        ['x', filled(4)],
        ['y', filled(value)],
      ]),
    ),
  );
  return verify({ model, reference: path });
}

it('logits are compared before a head, which is told', async () => {
  const notes = ['the reference holds logits: compared before the head, which is not verified'];
  expect(await sigmoidHeldAgainst(4)).toMatchObject({ pass: true, scaled: true, hints: [], notes });
  expect(await sigmoidHeldAgainst(4.001)).toMatchObject({ pass: false, notes });
  expect(await sigmoidHeldAgainst(1 / (1 + Math.exp(-4)))).toMatchObject({
    pass: true,
    scaled: false,
    notes: [],
  });
});

it('logits are a hint where the head is not the last operator', async () => {
  expect(await sigmoidHeldAgainst(4, 'Identity')).toMatchObject({
    pass: false,
    hints: [expect.stringMatching(/^the reference's outputs leave \[0, 1\], so that they are logits/)],
    notes: [],
  });
});

it('an Upsample of opset 9 may be why the bilinear upsampling of PyTorch is missed', async () => {
  const type = (side: number) => ({ dtype: 'float32', shape: [1, 1, 1, side] }) as const;
  const model = encodeModel({
    ...handmade({
      nodes: [node('Upsample', ['x', 'scales'], ['y'], { mode: string('linear') })],
      inputs: [{ name: 'x', type: type(2) }],
      outputs: [{ name: 'y', type: type(4) }],
      initializers: new Map([['scales', float32Tensor([4], [1, 1, 1, 2])]]),
    }),
    opsets: new Map([['', 9]]),
  });
  const reference = (values: readonly number[]) => {
    const path = join(folder, `${values}.safetensors`);
    const tensors = { x: float32Tensor([1, 1, 1, 2], [0, 1]), y: float32Tensor([1, 1, 1, 4], [...values]) };
    writeFileSync(path, encodeSafetensors(new Map(Object.entries(tensors))));
    return path;
  };
  // torch.nn.functional.interpolate(x, scale_factor=(1, 2), mode='bilinear')
  expect(await verify({ model, reference: reference([0, 0.25, 0.75, 1]) })).toMatchObject({
    pass: false,
    hints: [
      "'y' (Upsample) interpolates from the corners of pixels, as opset 9 and 10 do and PyTorch does not: export the network again with opset 11 or later",
    ],
  });
  expect(await verify({ model, reference: reference([0, 0.5, 1, 1]) })).toMatchObject({
    pass: true,
    hints: [],
  });
});

it('a Softmax over another axis than that of classes, or one that others read, is no head', async () => {
  const head = (
    attributes: Readonly<Record<string, Attribute>>,
    opset = 17,
    readers: readonly Node[] = [],
  ) => ({
    ...handmade({
      nodes: [node('Softmax', ['x'], ['p'], attributes), ...readers],
      inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1, 2, 2, 2] } }],
      outputs: [{ name: 'p', type: { dtype: 'float32', shape: [1, 2, 2, 2] } }],
    }),
    opsets: new Map([['', opset]]),
  });
  expect(beforeHead(head({ axis: int(1) }))?.graph.nodes.map(({ opType }) => opType)).toEqual(['Identity']);
  for (const other of [
    head({ axis: int(3) }),
    head({}),
    head({ axis: int(1) }, 11),
    head({ axis: int(1) }, 17, [node('Neg', ['p'], ['n'])]),
  ])
    expect(beforeHead(other)).toBeUndefined();
});
