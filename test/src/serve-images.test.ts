import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readMask } from '../../runtime/node/images/files.js';
import { Segmenter } from '../../runtime/node/segmenter.js';
import { fixture } from '../support/fixtures.js';
import { type Sent, served } from '../support/served.js';

const photograph = readFileSync(fixture('images', 'ISIC_0000082.jpg'));
const { conforms, file, send } = served({ maxBody: 2 ** 20 });

describe('images', () => {
  const path = '/v1/models/fixed/segment';
  const form = (files = 1, fields: Readonly<Record<string, string>> = {}) => {
    const data = new FormData();
    for (let i = 0; i < files; i++) data.append('image', new Blob([photograph]), 'lesion.jpg');
    for (const [name, value] of Object.entries(fields)) data.append(name, value);
    return data;
  };

  it.each([
    ['as the body', { body: new Uint8Array(photograph) }],
    ['as a form', { body: form() }],
  ])("%s give Node's mask", async (_, { body }) => {
    const { status, headers, bytes } = await send(path, { headers: { accept: 'image/png' }, body });
    expect({ status, type: headers.get('content-type') }).toEqual({ status: 200, type: 'image/png' });
    await using segmenter = await Segmenter.load(file('fixed.onnx'));
    expect(await readMask(bytes)).toEqual((await segmenter.segment(photograph)).mask);
  });

  it('give areas, boxes, contours and run lengths as JSON', async () => {
    const { json } = await send(`${path}?threshold=0.4&fill_holes=true`, {
      body: new Uint8Array(photograph),
    });
    await conforms(json, 'Segmentation');
    const [{ area, parts, boxes, contours, rle }] = json.classes;
    expect(json).toMatchObject({
      model: 'fixed',
      version: '1',
      width: 512,
      height: 512,
      provider: 'cpu',
      tiles: 1,
    });
    expect(boxes).toHaveLength(parts);
    expect(contours.length).toBeGreaterThanOrEqual(parts);
    expect(rle.size).toEqual([512, 512]);
    const inside = rle.counts.filter((_: number, i: number) => i % 2 === 1);
    expect(inside.reduce((sum: number, count: number) => sum + count, 0)).toBe(area);
    expect(Object.keys(json.timings)).toContain('inference');
  });

  it.each<[string, string | undefined]>([
    ['json', undefined],
    ['json', '*/*'],
    ['json', 'application/*'],
    ['json', 'text/html, */*;q=0.8'],
    ['json', 'application/json; charset=utf-8'],
    ['json', 'image/png;q=0, */*'],
    ['json', 'image/png;view=foo, application/json;q=0.1'],
    ['mask', 'image/png'],
    ['mask', 'image/*'],
    ['mask', 'IMAGE/PNG ; q=1'],
    ['mask', 'application/json;q=0.1, image/png'],
    ['mask', 'application/json;q=0, */*'],
    ['mask', 'text/html;note="a, image/png;view=overlay", image/png'],
    ['overlay', 'image/png;view=overlay'],
    ['overlay', 'image/png; view="overlay"'],
    ['overlay', 'application/json;q=0.9, image/png;view=overlay;q=0.95, image/png;q=0.5'],
  ])('give %s for Accept: %s', async (view, accept) => {
    const headers = accept === undefined ? {} : { accept };
    const { status, headers: given, bytes } = await send(path, { headers, body: new Uint8Array(photograph) });
    expect(status).toBe(200);
    const isJson = given.get('content-type') === 'application/json';
    const { channels } = isJson ? {} : await sharp(bytes).metadata();
    expect(channels).toBe({ json: undefined, mask: 1, overlay: 3 }[view]);
  });

  it.each<[string, string, Sent, number, RegExp]>([
    ['no image', path, { body: 'text' }, 400, /^the image: cannot be read as an image: expected JPEG/],
    ['nothing', path, { method: 'POST' }, 400, /it is empty/],
    [
      'an unknown option',
      `${path}?fill=1`,
      { body: new Uint8Array(photograph) },
      400,
      /^'fill' is not one of threshold/,
    ],
    [
      'a threshold of 2',
      `${path}?threshold=2`,
      { body: new Uint8Array(photograph) },
      400,
      /threshold 2 is not from 0 to 1/,
    ],
    [
      'an answer that nobody gives',
      path,
      { headers: { accept: 'text/html' }, body: new Uint8Array(photograph) },
      400,
      /^Accept is 'text\/html'/,
    ],
    [
      'a view that nobody gives',
      path,
      { headers: { accept: 'image/png;view=foo' }, body: new Uint8Array(photograph) },
      400,
      /^Accept is 'image\/png;view=foo': give image\/png, image\/png;view=mask, image\/png;view=overlay, image\/png;view=labels or application\/json$/,
    ],
    ['two of a form', path, { body: form(2) }, 400, /^the form has several files: send one image a request$/],
    ['three of a form', path, { body: form(3) }, 400, /^the form has several files/],
    [
      'an option of a form',
      path,
      { body: form(1, { threshold: '0.9' }) },
      400,
      /^'threshold' of the form is not a file: options go into the query, as in \?threshold=0\.4$/,
    ],
    ['a form without any', path, { body: form(0) }, 400, /^the form cannot be read: it has no file$/],
    [
      'no model among several',
      '/v1/segment',
      { body: new Uint8Array(photograph) },
      400,
      /several models are served/,
    ],
    [
      'a model that is none',
      '/v1/models/none/segment',
      { body: new Uint8Array(photograph) },
      404,
      /unknown model/,
    ],
  ])('not %s', async (_, where, sent, status, error) => {
    expect(await send(where, sent)).toMatchObject({ status, json: { error: expect.stringMatching(error) } });
  });
});
