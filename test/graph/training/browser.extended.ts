import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { encodeModel } from '../../../graph/file/write.js';
import { FOLDERS, inBrowser } from '../../support/browser.js';
import { type Host, ISOLATION, launch, serve } from '../../support/chromium.js';
import { caseName, STEPS, train, trainingCases, trainingOf } from '../../support/training.js';

const line = trainingCases.find(({ decoder, order }) => decoder === 'hd' && order === 'CR_B');
if (line === undefined) throw new Error('no case');

let browser: Browser | undefined;
let host: Host | undefined;
let page: Page;

beforeAll(async () => {
  if (inBrowser !== describe) return;
  browser = await launch();
  const files = new Map([['/step.onnx', encodeModel(trainingOf(line).step.model)]]);
  host = await serve({ folders: FOLDERS, files, headers: ISOLATION });
  page = await browser.newPage();
  await page.goto(host.url);
});

afterAll(async () => {
  await browser?.close();
  await host?.close();
});

inBrowser('a training in a page', () => {
  it.each(['wasm', 'webgpu'] as const)(`of ${caseName(line)} is that of Node, on %s`, async (provider) => {
    const { step, feeds } = trainingOf(line);
    const plain = Object.entries({ ...feeds, ...step.initialState() }).map(
      ([name, { dims, data }]) => [name, { dims: [...dims], data: [...data] }] as const,
    );
    const found = await page.evaluate(
      async ([name, given, steps]) => {
        const { createSession } = await import('/web/index.js');
        const model = new Uint8Array(await (await fetch('/step.onnx')).arrayBuffer());
        const session = await createSession(model, { providers: [name], strict: true, check: false });
        let inputs = Object.fromEntries(
          given.map(([key, { dims, data }]) => [key, { dims, data: Float32Array.from(data) }]),
        );
        for (let count = 0; count < steps; count++) {
          const outputs = await session.run(inputs);
          const next = Object.keys(inputs).flatMap((key) => {
            const value = outputs[`next_${key}`];
            return value === undefined ? [] : [[key, value] as const];
          });
          inputs = { ...inputs, ...Object.fromEntries(next) } as typeof inputs;
        }
        await session.close();
        return [...(inputs.parameters?.data ?? [])];
      },
      [provider, plain, STEPS] as const,
    );
    const trained = (await train(line)).at(-1);
    const expected = step.trained.flatMap((name) => Array.from(trained?.get(name) ?? []));
    expect(found).toHaveLength(expected.length);
    const furthest = Math.max(...found.map((value, index) => Math.abs(value - Number(expected[index]))));
    expect(furthest).toBeLessThan(1e-3);
  });
});
