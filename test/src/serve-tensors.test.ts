import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createSession } from '../../runtime/node/sessions/session.js';
import { fixture } from '../support/fixtures.js';
import {
  binary,
  blob,
  infer,
  input,
  numbers,
  port,
  type Sent,
  SIDE,
  served,
  withInput,
} from '../support/served.js';

const { conforms, file, send } = served({ maxBatch: 4, maxBody: 2 ** 20, maxElements: 2 ** 16 });

/** What the Node API gives for the same input. */
async function expected(name: string): Promise<Float32Array> {
  await using session = await createSession(readFileSync(file(`${name}.onnx`)), { threads: 1 });
  const { mask } = await session.run({ input }, { type: 'float32' });
  return mask?.data ?? new Float32Array();
}

/** The numbers as lists of lists. */
function nested(dims: readonly number[]): unknown {
  const [, ...inner] = dims;
  return inner.reduceRight<readonly unknown[]>((values, size) => {
    return Array.from({ length: values.length / size }, (_, i) => values.slice(i * size, (i + 1) * size));
  }, numbers);
}

describe('tensors', () => {
  it.each<[string, Sent]>([
    ['flat JSON', { body: JSON.stringify({ inputs: [{ ...port, data: numbers }] }) }],
    [
      'nested JSON',
      {
        body: JSON.stringify({
          inputs: [{ ...port, data: nested([1, 3, SIDE, SIDE]) }],
        }),
      },
    ],
    [
      'JSON without a Content-Type',
      { body: new TextEncoder().encode(JSON.stringify({ inputs: [{ ...port, data: numbers }] })) },
    ],
    ['bytes', binary({ inputs: [{ ...port, parameters: { binary_data_size: blob.length } }] }, blob)],
    [
      'bytes behind JSON of every length',
      binary({ id: 'abc', inputs: [{ ...port, parameters: { binary_data_size: blob.length } }] }, blob),
    ],
    [
      'JSON, and bytes as the answer',
      {
        body: JSON.stringify({
          parameters: { binary_data_output: true },
          inputs: [{ ...port, data: numbers }],
        }),
      },
    ],
    [
      'bytes, and bytes of one output as the answer',
      binary(
        {
          inputs: [{ ...port, parameters: { binary_data_size: blob.length } }],
          outputs: [{ name: 'mask', parameters: { binary_data: true } }],
        },
        blob,
      ),
    ],
  ])('as %s give the probabilities of the Node API, bit for bit', async (_, sent) => {
    const found = await send(infer('fixed'), sent);
    expect(found).toMatchObject({
      status: 200,
      json: {
        model_name: 'fixed',
        model_version: '1',
        outputs: [{ name: 'mask', datatype: 'FP32', shape: [1, 1, SIDE, SIDE] }],
      },
    });
    await conforms(found.json, 'InferResponse');
    const [output] = found.json.outputs;
    const data =
      output.parameters === undefined
        ? Float32Array.from(output.data)
        : new Float32Array(found.tail.slice().buffer);
    expect(output.parameters?.binary_data_size ?? found.tail.length).toBe(found.tail.length);
    expect(data).toEqual(await expected('fixed'));
  });

  it('the id comes back, and only with a request that has one', async () => {
    const body = (id?: string) => JSON.stringify({ id, inputs: [{ ...port, data: numbers }] });
    expect((await send(infer('fixed'), { body: body('42') })).json.id).toBe('42');
    expect((await send(infer('fixed'), { body: body() })).json).not.toHaveProperty('id');
  });

  it('of 8 bits go to a model that takes images', async () => {
    const image = { name: 'image', shape: [1, 5, 7, 3], datatype: 'UINT8' };
    const data = Array.from({ length: 105 }, (_, i) => (i * 37) & 255);
    const [asJson, asBytes] = [
      await send(infer('bytes'), { body: JSON.stringify({ inputs: [{ ...image, data }] }) }),
      await send(
        infer('bytes'),
        binary({ inputs: [{ ...image, parameters: { binary_data_size: 105 } }] }, Uint8Array.from(data)),
      ),
    ];
    expect(asJson).toMatchObject({ status: 200, json: { outputs: [{ shape: [1, 1, 5, 7] }] } });
    expect(asBytes.json.outputs).toEqual(asJson.json.outputs);
  });

  it('of several requests at a time are batched, and each gets its own', async () => {
    const requests = Array.from({ length: 12 }, (_, i) => {
      const data = input.data.slice() as Float32Array;
      data[0] = i;
      const bytes = new Uint8Array(data.buffer);
      return binary(
        { id: String(i), inputs: [{ ...port, parameters: { binary_data_size: bytes.length } }] },
        bytes,
      );
    });
    const [alone, together] = [[], []] as [unknown[], unknown[]];
    for (const request of requests) alone.push((await send(infer('open'), request)).json);
    together.push(
      ...(await Promise.all(requests.map(async (each) => (await send(infer('open'), each)).json))),
    );
    expect(together).toEqual(alone);
    expect((await send('/metrics')).bytes.length).toBeGreaterThan(1000);
  });
});

describe('what is not a number', () => {
  const values = input.data.slice() as Float32Array;
  values[7] = Number.NaN;
  const bytes = new Uint8Array(values.buffer);
  const inputs = [{ ...port, parameters: { binary_data_size: bytes.length } }];

  it('goes through as bytes, unchanged', async () => {
    const sent = binary({ inputs, parameters: { binary_data_output: true } }, bytes);
    const { status, tail } = await send(infer('fixed'), sent);
    expect(status).toBe(200);
    await using session = await createSession(readFileSync(file('fixed.onnx')), { threads: 1 });
    const { mask } = await session.run({ input: { dims: port.shape, data: values.slice() } });
    expect(mask?.data.some(Number.isNaN)).toBe(true);
    expect(new Float32Array(tail.slice().buffer)).toEqual(mask?.data);
  });

  it('is not told as JSON', async () => {
    expect(await send(infer('fixed'), binary({ inputs }, bytes))).toMatchObject({
      status: 400,
      json: {
        error:
          'output \'mask\' has infinite or NaN values, which JSON cannot represent: request it with "binary_data": true',
      },
    });
  });
});

describe('what is refused', () => {
  const photograph = new Uint8Array(readFileSync(fixture('images', 'ISIC_0000082.jpg')));
  const form = new FormData();
  form.append('image', new Blob([photograph]), 'lesion.jpg');
  it.each<[string, string, Sent, RegExp]>([
    ['no JSON', 'fixed', { body: 'inputs' }, /^failed to parse the request JSON: /],
    ['a list', 'fixed', { body: '[]' }, /^failed to parse the request JSON: it is not an object$/],
    ['nothing', 'fixed', { method: 'POST' }, /^failed to parse the request JSON: /],
    ['no inputs', 'fixed', { body: '{}' }, /^the request has no 'inputs'$/],
    ['an input that is none', 'fixed', withInput({ name: 'x' }), /^unexpected inference input 'x'$/],
    ['half precision', 'fixed', withInput({ datatype: 'FP16' }), /data-type is 'FP16', expected 'FP32'$/],
    [
      'another type',
      'bytes',
      { body: JSON.stringify({ inputs: [{ ...port, name: 'image', data: [1] }] }) },
      /data-type is 'FP32', expected 'UINT8'$/,
    ],
    [
      'another shape',
      'fixed',
      { body: JSON.stringify({ inputs: [{ ...port, shape: [1, 3, 16, 16], data: numbers.slice(0, 768) }] }) },
      /^unexpected shape for input 'input' for model 'fixed': expected \[1,3,32,32\], got \[1,3,16,16\]$/,
    ],
    [
      'a size that the network cannot halve',
      'open',
      {
        body: JSON.stringify({
          inputs: [{ ...port, shape: [1, 3, 20, 20], data: numbers.slice(0, 1200) }],
        }),
      },
      /^model 'open' does not run on 'input' \[1,3,20,20\]: height and width must be multiples of 16$/,
    ],
    [
      'an empty tensor',
      'open',
      { body: JSON.stringify({ inputs: [{ ...port, shape: [0, 3, 32, 32], data: [] }] }) },
      /^unexpected shape/,
    ],
    ['a negative size', 'fixed', withInput({ shape: [-1, 3, 32, 32] }), /'shape' is not a list of sizes/],
    ['too few values', 'fixed', withInput({ data: [1] }), /'data' has 1 values, expected 3072$/],
    ['too many values', 'fixed', withInput({ data: [...numbers, 1] }), /more than the 3072 values/],
    ['text among the values', 'fixed', withInput({ data: ['1'] }), /a value of 'data' is no FP32$/],
    ['no data', 'fixed', withInput({ data: undefined }), /^input 'input' has no 'data'$/],
    [
      'too many elements',
      'open',
      { body: JSON.stringify({ inputs: [{ ...port, shape: [1, 3, 512, 512], data: [] }] }) },
      /786432 elements, at most 65536 are accepted$/,
    ],
    [
      'an output that is none',
      'fixed',
      { body: JSON.stringify({ inputs: [{ ...port, data: numbers }], outputs: [{ name: 'y' }] }) },
      /^unexpected inference output 'y' for model 'fixed'$/,
    ],
    [
      'fewer bytes than told',
      'fixed',
      binary({ inputs: [{ ...port, parameters: { binary_data_size: blob.length } }] }, blob.subarray(4)),
      /takes 12288 bytes, 12284 are left$/,
    ],
    [
      'bytes that follow',
      'fixed',
      binary({ inputs: [{ ...port, parameters: { binary_data_size: blob.length } }] }, blob, blob),
      /^12288 bytes follow the last input$/,
    ],
    [
      'bytes of another size',
      'fixed',
      binary({ inputs: [{ ...port, parameters: { binary_data_size: 4 } }] }, blob),
      /unexpected total byte size 4, expected 12288/,
    ],
    [
      'a header that is longer than the body',
      'fixed',
      { headers: { 'inference-header-content-length': '99' }, body: '{}' },
      /is 99, and the body has 2 bytes$/,
    ],
    [
      'a header that is not a number',
      'fixed',
      { headers: { 'inference-header-content-length': '-1' }, body: '{}' },
      /is '-1', expected a number of bytes/,
    ],
    [
      'a number beyond double precision',
      'fixed',
      { body: JSON.stringify({ inputs: [{ ...port, data: ['?'] }] }).replace('"?"', '1e400') },
      /^input 'input': a value of 'data' is beyond the range of FP32$/,
    ],
    [
      'a number beyond single precision',
      'fixed',
      withInput({ data: [-1e39] }),
      /'input': .* is beyond the range/,
    ],
    ...['256', '-1', '0.5', '1e400'].map((value): [string, string, Sent, RegExp] => [
      `${value} as a byte`,
      'bytes',
      {
        body: JSON.stringify({
          inputs: [{ name: 'image', shape: [1, 1, 1, 3], datatype: 'UINT8', data: ['?'] }],
        }).replace('"?"', value),
      },
      /^input 'image': a value of 'data' is no UINT8$/,
    ]),
    [
      'a form',
      'fixed',
      { body: form },
      /^tensors are expected here, as JSON or as bytes behind JSON: images go to \/v1\/models\/fixed\/segment$/,
    ],
    [
      'an image',
      'fixed',
      { body: photograph },
      /^tensors are expected here, .*: images go to \/v1\/models\/fixed\/segment$/,
    ],
    ...Object.entries({
      'channels last': nested([1, SIDE, SIDE, 3]),
      'with an axis too few': nested([3, SIDE, SIDE]),
      'with an axis too many': nested([1, 1, 3, SIDE, SIDE]),
      'with rows of several lengths': [[numbers.slice(0, 1024)], numbers.slice(1024)],
      'after numbers': [1, [2]],
    }).map(([how, data]): [string, string, Sent, RegExp] => [
      `numbers nested ${how}`,
      'fixed',
      withInput({ data }),
      /^input 'input': 'data' is neither flat nor nested as its shape \[1,3,32,32\]$/,
    ]),
  ])('%s', async (_, model, sent, says) => {
    const found = await send(infer(model), sent);
    expect(found).toMatchObject({ status: 400, json: { error: expect.stringMatching(says) } });
  });

  it('a body beyond the limit, told or not', async () => {
    const body = new Uint8Array(2 ** 20 + 1);
    const large = await send(infer('fixed'), { body });
    expect(large).toMatchObject({ status: 413, json: { error: expect.stringMatching(/1048576 bytes/) } });
  });

  const large = { shape: [1, 3, 128, 128], data: new Array(3 * 128 * 128).fill(1) };
  it('what takes longer than the client waits, and never as if others were to blame', async () => {
    const sent = withInput(large, { parameters: { timeout: 1 } });
    // The first still runs when the second comes.
    for (let i = 0; i < 2; i++) {
      expect(await send(infer('open'), sent)).toMatchObject({
        status: 504,
        json: { error: expect.stringMatching(/^no response within 0\.001 ms: an image takes about \d+ ms$/) },
      });
    }
  });

  it('not what sets no limit of its own', async () => {
    const sent = withInput(large, { parameters: { timeout: 0, binary_data_output: true } });
    expect((await send(infer('open'), sent)).status).toBe(200);
  });
});
