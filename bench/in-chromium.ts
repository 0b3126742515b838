import { join } from 'node:path';
import { launch, serve } from '../test/support/chromium.js';
import { root } from './networks.js';

/** How a model ran in a page, in milliseconds. */
export interface PageRuns {
  readonly load: number;
  readonly times: readonly number[];
  /** Largest difference of its first output from the first model's. */
  readonly difference: number;
}

/** In the page: runs models in turn on the same noise. */
const RUN = `async ({ count, rounds, dims, threads }) => {
  const ort = await import('/onnxruntime/wasm.mjs');
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: '/onnxruntime/wasm-loader.mjs', wasm: '/onnxruntime/wasm.wasm' };
  ort.env.logLevel = 'error';
  const elements = dims.reduce((product, dim) => product * dim, 1);
  const noise = {
    float32: Float32Array.from({ length: elements }, (_, i) => ((i * 7919) % 1000) / 1000),
    uint8: Uint8Array.from({ length: elements }, (_, i) => (i * 7919) % 251),
  };
  const feed = ({ inputMetadata: [{ name, type }] }) => ({ [name]: new ort.Tensor(type, noise[type], dims) });
  const models = [];
  for (let at = 0; at < count; at++) {
    const bytes = new Uint8Array(await (await fetch('/' + at + '.onnx')).arrayBuffer());
    const start = performance.now();
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
    const load = performance.now() - start;
    const output = (await session.run(feed(session)))[session.outputNames[0]].data;
    models.push({ session, load, output, times: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { session, times } of models) {
      const start = performance.now();
      await session.run(feed(session));
      times.push(performance.now() - start);
    }
  }
  return models.map(({ load, times, output }) => ({
    load,
    times,
    difference: output.reduce((most, value, i) => Math.max(most, Math.abs(value - models[0].output[i])), 0),
  }));
}`;

/** Runs models in turn in Chromium, on onnxruntime's WebAssembly. */
export async function inChromium(
  models: readonly Uint8Array[],
  {
    rounds,
    dims,
    threads = 2,
  }: { readonly rounds: number; readonly dims: readonly number[]; readonly threads?: number },
): Promise<readonly PageRuns[]> {
  const files = new Map(models.map((bytes, at) => [`/${at}.onnx`, bytes]));
  const host = await serve({ files, folders: { '/onnxruntime/': join(root, 'dist/web/onnxruntime') } });
  const browser = await launch({ webgpu: false });
  try {
    const page = await browser.newPage();
    await page.goto(host.url);
    return await page.evaluate(
      `(${RUN})(${JSON.stringify({ count: models.length, rounds, dims, threads })})`,
    );
  } finally {
    await browser.close();
    await host.close();
  }
}
