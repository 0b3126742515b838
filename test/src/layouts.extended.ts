import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readReference } from '../../exporters/checkpoints/open.js';
import { at } from '../../graph/common/at.js';
import { parseModel } from '../../graph/file/read.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { loadTest } from '../../src/api/loadtest.js';
import { serve } from '../../src/api/serve.js';
import { PRECISIONS } from '../../src/transform/precision.js';
import { FOLDERS, inBrowser } from '../support/browser.js';
import { channelCase, expectedOf, exportCase, farthest, imageOf } from '../support/channels.js';
import { launch, serve as serveFiles } from '../support/chromium.js';
import { safetensors } from '../support/craft.js';
import { fixture } from '../support/fixtures.js';
import { type Ends, laidOut, relaid } from '../support/layouts.js';
import { nmode } from '../support/nmode.js';
import { float32Npy } from '../support/npy.js';
import { sendTo } from '../support/served.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-layouts-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A network of each number of channels, where it takes and gives them, whether its sizes are open, and its images. */
const NETWORKS = [
  { name: 'grey', input: 'NHWC', output: 'NHWC', isOpen: true, inputs: '{case}.png' },
  {
    name: 'nonzero',
    input: 'NHWC',
    output: 'NCHW',
    isOpen: false,
    inputs: '{case}_0000.png,{case}_0001.png',
  },
  { name: 'percentile', input: 'NCHW', output: 'NHWC', isOpen: true, inputs: '{case}.png' },
  { name: 'pages', input: 'NHWC', output: 'NHWC', isOpen: false, inputs: '{case}.tif' },
] as const;

type Network = (typeof NETWORKS)[number];

/** The network in its layouts: the package's own export, with what another exporter would write at its ends. */
async function modelOf({ name, isOpen, ...ends }: Network): Promise<string> {
  const exported = await exportCase(channelCase(name), folder, isOpen ? { size: { batch: 1 } } : {});
  const file = join(folder, `${name}-${ends.input}-${ends.output}.onnx`);
  writeFileSync(file, encodeModel(relaid(parseModel(readFileSync(exported), name), ends)));
  return file;
}

/** PyTorch's tensors in the layouts of a model. */
async function referenceOf(name: string, { input, output }: Ends): Promise<string> {
  const tensors = await readReference(fixture('channels', `${name}.io.safetensors`));
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let start = 0;
  for (const [tensor, layout] of [
    ['input', input],
    ['output', output],
  ] as const) {
    const { dims, bytes } = tensors.get(tensor) as Tensor;
    const values = laidOut(new Float32Array(bytes().slice().buffer), dims, layout);
    const shape = layout === 'NCHW' ? dims : [0, 2, 3, 1].map((axis) => at(dims, axis));
    header[tensor] = { dtype: 'F32', shape, data_offsets: [start, start + values.byteLength] };
    start += values.byteLength;
    parts.push(new Uint8Array(values.buffer));
  }
  const file = join(folder, `${name}.safetensors`);
  writeFileSync(file, safetensors(header, Buffer.concat(parts)));
  return file;
}

/** Runs a command that has to succeed, and what it prints as JSON. */
function run(...args: string[]) {
  const { status, stdout, stderr } = nmode(...args, '--json');
  expect({ args, status, stderr }).toMatchObject({ status: 0 });
  return JSON.parse(stdout);
}

describe.each(NETWORKS)('$name, $input in and $output out', (network) => {
  const { name, input, inputs } = network;
  const each = channelCase(name);
  const images = join(folder, `${name}-images`);
  const out = join(folder, `${name}-out`);

  it('goes through every command, and gives what NumPy and PyTorch do', async () => {
    mkdirSync(images);
    for (const file of imageOf(each)) copyFileSync(file, join(images, basename(file)));
    const model = await modelOf(network);
    expect(run('verify', model, '--reference', await referenceOf(name, network))).toMatchObject({
      pass: true,
    });

    const predicted = run('predict', model, images, '--inputs', inputs, '-o', out, '--probabilities', 'npy');
    const [{ masks, probabilities }] = predicted.predictions;
    expect(farthest(float32Npy(probabilities[0]), expectedOf(each))).toBeLessThanOrEqual(1e-5);
    const assumed = predicted.assumed.map(({ what }: { what: string }) => what);
    expect(assumed.includes('layout')).toBe(input === 'NHWC');

    const truth = join(folder, `${name}-truth`);
    mkdirSync(truth);
    copyFileSync(masks[0], join(truth, `${name}.png`));
    const told = ['--images', images, '--inputs', inputs];
    if (each.classes === 1) {
      expect(run('eval', model, ...told, '--masks', truth, '--at', 'image')).toMatchObject({ dsc: 1 });
    }

    for (const precision of PRECISIONS) {
      const lower = join(folder, `${name}-${precision}.onnx`);
      const calibrate = precision === 'int8' ? ['--calibrate', images] : [];
      const drop = precision === 'fp32' ? [] : ['--max-dsc-drop', '0.1'];
      const report = run(
        'optimize',
        model,
        '-o',
        lower,
        '--precision',
        precision,
        ...told,
        ...calibrate,
        ...drop,
      );
      expect(report.difference.outputs).toMatchObject([{ kind: 'mask' }]);
      const again = run('predict', lower, images, '--inputs', inputs, '-o', out, '--probabilities', 'npy');
      const found = float32Npy(again.predictions[0].probabilities[0]);
      const allowed = precision === 'fp32' ? 1e-5 : precision === 'fp16' ? 0.02 : 0.3;
      expect(farthest(found, expectedOf(each))).toBeLessThanOrEqual(allowed);
    }

    const sides = network.isOpen ? ['--size', '48x64'] : [];
    const timed = run('bench', model, '--runs', '1', ...sides).models[0];
    const [height, width] = network.isOpen ? [48, 64] : [24, 32];
    expect(timed.input).toEqual(
      input === 'NHWC' ? [1, height, width, each.channels] : [1, each.channels, height, width],
    );
    expect(run('inspect', model).inputs[0].layout).toBe(input);
  });

  it('is served as images and as tensors', async () => {
    const model = await modelOf(network);
    const reference = await readReference(await referenceOf(name, network));
    const server = await serve({ models: [model], port: 0, workers: 1 });
    try {
      const form = new FormData();
      for (const file of imageOf(each)) form.append('image', new Blob([readFileSync(file)]), 'x');
      const accept = 'image/png;view=labels';
      const { bytes, status } = await sendTo(`${server.url}/v1/segment`, { headers: { accept }, body: form });
      expect({ status, bytes: bytes.length > 0 }).toEqual({ status: 200, bytes: true });

      const { dims, bytes: taken } = reference.get('input') as Tensor;
      const data = [...new Float32Array(taken().slice().buffer)];
      const tensor = { name: 'input', datatype: 'FP32', shape: dims, data };
      const { json } = await sendTo(`${server.url}/v2/models/${basename(model, '.onnx')}/infer`, {
        body: JSON.stringify({ inputs: [tensor] }),
      });
      const wanted = reference.get('output') as Tensor;
      expect(json.outputs[0].shape).toEqual(wanted.dims);
      expect(
        farthest(json.outputs[0].data, new Float32Array(wanted.bytes().slice().buffer)),
      ).toBeLessThanOrEqual(1e-5);

      const size = network.isOpen ? { size: { height: 48, width: 64 } } : {};
      expect(await loadTest({ url: server.url, duration: 0.3, clients: 1, ...size })).toMatchObject({
        errors: {},
      });
    } finally {
      await server.close();
    }
  });
});

inBrowser('in Chromium', () => {
  it("channels that stand last give Node's probabilities", async () => {
    const models = new Map<string, Uint8Array>();
    for (const network of NETWORKS) models.set(`/${network.name}.onnx`, readFileSync(await modelOf(network)));
    const host = await serveFiles({ folders: FOLDERS, files: models });
    const browser = await launch({ webgpu: false });
    const page = await browser.newPage();
    await page.goto(host.url);
    // Browsers read no TIFF.
    for (const { name, input } of NETWORKS.filter(({ name: each }) => each !== 'pages')) {
      const each = channelCase(name);
      const found = await page.evaluate(
        async ([path, files]) => {
          const { Segmenter } = await import('/web/index.js');
          const segmenter = await Segmenter.load(path, { providers: ['wasm'] });
          const { probabilities } = await segmenter.segment(files);
          const { classes, assumed } = segmenter;
          await segmenter.close();
          return { classes, assumed, probabilities: [...(probabilities?.data ?? [])] };
        },
        [`/${name}.onnx`, each.files.map((file) => `/fixtures/channels/${file}`)] as const,
      );
      expect(farthest(found.probabilities, expectedOf(each))).toBeLessThanOrEqual(1e-5);
      expect(found.classes).toBe(each.classes);
      expect(found.assumed.some(({ what }) => what === 'layout')).toBe(input === 'NHWC');
    }
    await browser.close();
    await host.close();
  });
});
