/** What was once said where it was not true: each message beside the guard that lets it be printed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { encodeModel } from '../../graph/file/write.js';
import { int } from '../../graph/ir/attribute.js';
import { outlineOf } from '../../graph/ir/model.js';
import { int64Tensor } from '../../graph/ir/tensor.js';
import type { Value } from '../../graph/ir/value.js';
import { relu } from '../../graph/ops/unary.js';
import { Job } from '../../runtime/images/job.js';
import { inputSpecOf } from '../../runtime/input-spec.js';
import { inputSpecOfModel, networkOutput } from '../../runtime/node/model.js';
import { createSession } from '../../runtime/node/sessions/session.js';
import { DataPlane } from '../../runtime/server/data-plane.js';
import { readInferRequest } from '../../runtime/server/rest/v2.js';
import { checkReading, labelsOf, truthOf } from '../../runtime/truth/truth.js';
import type { TruthImage } from '../../runtime/truth/truth-image.js';
import { checkSize } from '../../runtime/web/images/read-source.js';
import { handmade, node } from '../support/graph.js';
import { COLOURS, pixelwise, pixelwiseBytes, UNIT } from '../support/pixelwise.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-guards-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};

describe('values beyond probabilities', () => {
  const image = { width: 8, height: 8, channels: 3, data: new Uint8Array(3 * 64) } as const;
  const placed = (metadata: Readonly<Record<string, string>>) => () => {
    const form = inputSpecOf(outlineOf(pixelwise({ ...COLOURS, end: relu, metadata })));
    new Job(image, form).place(0, { dims: [1, 3, 8, 8], data: new Float32Array(3 * 64).fill(5) });
  };

  it('may be logits where nobody says what they are', () => {
    expect(placed({ 'nmode.recipe': UNIT })).toThrow(/^the model gives 5, .*: if these are logits/);
  });

  it('are not said to take a head that would be refused', () => {
    expect(placed({ 'nmode.recipe': UNIT, 'nmode.head': 'sigmoid' })).toThrow(
      /^the model gives 5, expected probabilities from 0 to 1$/,
    );
  });
});

describe('ground truth', () => {
  const pixels = (
    channels: 1 | 3 | 4,
    data: readonly number[],
    more: Partial<TruthImage> = {},
  ): TruthImage => ({
    ...{ width: data.length / channels, height: 1, channels, data: Uint8Array.from(data) },
    ...{ full: 255, lossy: false, ...more },
  });
  const red = pixels(3, [0, 0, 0, 255, 0, 0]);

  it('is told of a colour only where a colour is enough', () => {
    expect(() => truthOf(red, 'a.png', { truthLabel: 1 })).toThrow(/: `truthColour: \[R, G, B\]` says which/);
    expect(() => truthOf(red, 'a.png', { truthLabel: 1, ignoreLabel: 2 })).toThrow(/\(grey, or a palette\)$/);
    const told = 'a.png: the labels of its palette cannot be read: save it as PNG';
    expect(() => labelsOf(pixels(3, [0, 0, 0], { lookedUp: true }), 'a.png')).toThrow(
      new RegExp(`^${told}$`),
    );
    const clear = pixels(4, [0, 0, 0, 255, 9, 9, 9, 0]);
    expect(() => labelsOf(clear, 'a.png')).toThrow(/labels are opaque: save it without transparency$/);
  });

  it('with loss has no colour that can be named, nor has what is transparent all over', () => {
    const seen = [0, 0, 0, 255, 255, 255, 255, 0];
    expect(() => truthOf(pixels(4, seen, { lossy: true }), 'a.webp')).toThrow(
      /the colours 0,0,0: none can be named, since .* save the mask as PNG$/,
    );
    expect(() => truthOf(pixels(4, [0, 0, 0, 0]), 'a.png')).toThrow(/none of its pixels is opaque$/);
  });

  it('of a grey palette is told by the indices that a label means', () => {
    const palette = [0, 100, 200].map((grey) => ({ colour: [grey, grey, grey] as const, alpha: 255 }));
    expect(() => truthOf(pixels(1, [0, 1, 2, 2], { palette }), 'a.png')).toThrow(
      /it holds the values 0, 100 and 200, the palette indices 0, 1 and 2, expected a mask/,
    );
  });

  it('has labels and colours of whole numbers', () => {
    expect(() => checkReading({ truthLabel: 1.5 })).toThrow(
      /is 1\.5, expected a whole number from 0 to 65535/,
    );
    expect(() => checkReading({ truthColour: [0, 0.5, 0] })).toThrow(/whole numbers from 0 to 255$/);
  });
});

it('an image a little too large for a tab is not said to be as large as what fits', () => {
  expect(() => checkSize({ width: 7072, height: 7072 })).toThrow(
    /it has 50\.1 megapixels, more than the 50 /,
  );
});

it('a model that takes images and gives them no size of its own is counted at theirs', () => {
  const type = { dtype: 'uint8', shape: [1, 8, 8, 3] } as const;
  const model = handmade({ inputs: [{ name: 'x', type }], outputs: [{ name: 'y' }] });
  expect(() => networkOutput(model, new Uint8Array(), inputSpecOfModel(model))).toThrow(/\(`at: 'image'`\)$/);
});

it('an output that is no float32 is the model’s, and not a failure of onnxruntime', async () => {
  const model = handmade({
    nodes: [node('Shape', ['x'], ['sizes'])],
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1, 2] } }],
    outputs: [{ name: 'sizes' }],
  });
  await using session = await createSession(encodeModel(model));
  const inputs = { x: { dims: [1, 2], data: new Float32Array(2) } };
  await expect(session.run(inputs, { type: 'float32' })).rejects.toMatchObject({
    code: 'BAD_MODEL',
    message: "output 'sizes' is int64, expected float32",
  });
});

describe('a server', () => {
  const options = { workers: 1, maxQueue: 1, maxBatch: 1, maxDelay: 0, maxElements: 1e6 };

  it('refuses an input of a type that it does not serve for that, however it is told', () => {
    const body = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'x', datatype: 'INT64', shape: [1], data: [1] }] }),
    );
    const ports = [{ name: 'x', dtype: 'int64', shape: [1] }];
    expect(() => readInferRequest({ body, jsonLength: undefined, ports, maxElements: 10 })).toThrow(
      "inference input 'x' is INT64, which is not served: FP32, FP16, UINT8, UINT16 are",
    );
  });

  it('knows models that it has not loaded, and says why one takes no images', async () => {
    const logits = pixelwiseBytes({ ...COLOURS, end: (x: Value) => x, metadata: { 'nmode.recipe': UNIT } });
    const plane = new DataPlane(new Map([['m', file('logits.onnx', logits)]]), options, 1000);
    expect(() => plane.model('m')).toThrow("model 'm' is not loaded");
    expect(() => plane.model('n')).toThrow("Request for unknown model: 'n' is not found");
    try {
      await plane.load('m');
      await expect(plane.model('m').segment(new Uint8Array(), {}, async () => {})).rejects.toThrow(
        /^model 'm' takes tensors, not images: it returns logits, .*`head: 'softmax'` where /,
      );
    } finally {
      await plane.close();
    }
  });

  it('asks multiples of a network’s sizes, and not of images as they are', async () => {
    const model = handmade({
      nodes: [node('Cast', ['x'], ['f'], { to: int(1) }), node('Reshape', ['f', 's'], ['y'])],
      inputs: [{ name: 'x', type: { dtype: 'uint8', shape: [1, 'H', 'W', 3] } }],
      outputs: [{ name: 'y', type: { dtype: 'float32', shape: [1, 128, 128, 3] } }],
      initializers: new Map([['s', int64Tensor([4], [1, 128, 128, 3])]]),
    });
    const bytes = encodeModel({ ...model, metadata: new Map([['nmode.size_multiple', '16']]) });
    const plane = new DataPlane(new Map([['m', file('bytes.onnx', bytes)]]), options, 1000);
    try {
      await plane.load('m');
      const small = { x: { dims: [1, 16, 16, 3], data: new Uint8Array(3 * 256) } };
      await expect(plane.model('m').infer(small, {})).rejects.toThrow(
        /^model 'm' does not run on 'x' \[1,16,16,3\]$/,
      );
    } finally {
      await plane.close();
    }
  });
});
