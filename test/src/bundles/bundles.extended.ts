import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import protobuf from 'protobufjs';
import { parseAllDocuments } from 'yaml';
import { encodeModel } from '../../../graph/file/write.js';
import { outlineOf } from '../../../graph/ir/model.js';
import { loadModel } from '../../../runtime/node/model.js';
import { type BundleOptions, bundle } from '../../../src/api/bundle.js';
import { FORMATS } from '../../../src/bundles/formats.js';
import { fixture, protos } from '../../support/fixtures.js';
import { handmade, node } from '../../support/graph.js';
import { nmode } from '../../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-bundles-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);

const checkpoint = fixture('trained', 'unet-eed-w16-isic2018.pth');
const MODELS = {
  fixed: [],
  batched: ['--dynamic'],
  image: ['--io', 'image'],
} as const;

beforeAll(() => {
  for (const [name, flags] of Object.entries(MODELS)) {
    const args = ['export', checkpoint, '-o', at(`${name}.onnx`), '--decoder', 'eed', '--activation', 'gelu'];
    expect(nmode(...args, ...flags).status).toBe(0);
  }
  // Its batch is open, and its rows are scaled by the largest of all.
  const across = handmade({
    nodes: [node('ReduceMax', ['input'], ['most']), node('Div', ['input', 'most'], ['mask'])],
    inputs: [{ name: 'input', type: { dtype: 'float32', shape: ['N', 1, 8, 8] } }],
    outputs: [{ name: 'mask', type: { dtype: 'float32', shape: ['N', 1, 8, 8] } }],
  });
  writeFileSync(at('across.onnx'), encodeModel(across));
  const table = handmade({
    nodes: [node('Sigmoid', ['row'], ['mask'])],
    inputs: [{ name: 'row', type: { dtype: 'float32', shape: ['N', 8] } }],
    outputs: [{ name: 'mask', type: { dtype: 'float32', shape: ['N', 8] } }],
  });
  writeFileSync(at('table.onnx'), encodeModel(table));
});

const made = (format: BundleOptions['format'], name: string, more: Partial<BundleOptions> = {}) =>
  bundle({ model: at(`${name}.onnx`), format, output: at(format, name), ...more });

describe("a Triton repository's config", () => {
  const types = protobuf.loadSync(join(protos, 'model_config.proto')).lookupType('inference.ModelConfig');

  /** As protoc reads it, which is what Triton does. */
  async function configOf(name: string) {
    await made('triton', name);
    const text = readFileSync(at('triton', name, name, 'config.pbtxt'));
    const encoded = execFileSync(
      'protoc',
      [`--proto_path=${protos}`, '--encode=inference.ModelConfig', 'model_config.proto'],
      { input: text },
    );
    return types.toObject(types.decode(encoded), { enums: String, longs: Number, defaults: false });
  }

  const TYPES = { float32: 'TYPE_FP32', uint8: 'TYPE_UINT8' } as const;

  it.each([
    ['fixed', 0],
    ['batched', 8],
    ['image', 0],
    ['across', 0],
    ['table', 8],
  ])('of the %s model is that of its inputs and outputs, and merges up to %d rows', async (name, batch) => {
    const config = await configOf(name);
    const { model } = await loadModel(at(`${name}.onnx`));
    const ports = (kind: 'inputs' | 'outputs') =>
      outlineOf(model)[kind].map(({ name: port, type }) => {
        const dims = (type?.shape ?? []).map((size) => (typeof size === 'number' ? size : -1));
        const dtype = TYPES[type?.dtype as keyof typeof TYPES];
        return { name: port, dataType: dtype, dims: batch > 0 ? dims.slice(1) : dims };
      });
    expect(config.input).toEqual(ports('inputs'));
    expect(config.output).toEqual(ports('outputs'));
    expect(config.maxBatchSize ?? 0).toBe(batch);
    expect(config.dynamicBatching !== undefined).toBe(batch > 0);
    expect(config).toMatchObject({
      name,
      backend: 'onnxruntime',
      instanceGroup: [{ count: 1 }],
    });
    // Every size of a first run is one.
    const inputs = Object.entries(config.modelWarmup[0].inputs as Record<string, { dims: number[] }>);
    expect(inputs.map(([key]) => key)).toEqual(ports('inputs').map((port) => port.name));
    expect(Math.min(...inputs.flatMap(([, { dims }]) => dims))).toBeGreaterThan(0);
    const stored = readFileSync(at('triton', name, name, '1', 'model.onnx'));
    expect(stored.equals(readFileSync(at(`${name}.onnx`)))).toBe(true);
  });

  it('holds names of whatever characters', async () => {
    const name = 'a "b"\\ \n é';
    const strange = handmade({
      nodes: [node('Sigmoid', [name], ['mask'])],
      inputs: [{ name, type: { dtype: 'float32', shape: [1, 1, 8, 8] } }],
      outputs: [{ name: 'mask', type: { dtype: 'float32', shape: [1, 1, 8, 8] } }],
    });
    writeFileSync(at('strange.onnx'), encodeModel(strange));
    expect((await configOf('strange')).input[0].name).toBe(name);
  });
});

describe('manifests of Kubernetes', () => {
  const schema = JSON.parse(readFileSync(fixture('schemas', 'kubernetes.json'), 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addSchema({ $id: 'kubernetes', ...schema });

  const KINDS = {
    kserve: {
      'serving-runtime.yaml': ['ServingRuntime'],
      'inference-service.yaml': ['InferenceService'],
      'deployment.yaml': ['Deployment', 'Service', 'HorizontalPodAutoscaler'],
    },
    'k8s-job': { 'predict.yaml': ['Job'], 'merge.yaml': ['Job'] },
  } as const;

  it.each(['kserve', 'k8s-job'] as const)(
    'of %s fit the published schemas, and a misspelt one does not',
    async (format) => {
      await made(format, 'fixed', { shards: 12 });
      for (const [file, kinds] of Object.entries(KINDS[format])) {
        const documents = parseAllDocuments(readFileSync(at(format, 'fixed', file), 'utf8')).map((each) =>
          each.toJS(),
        );
        expect(documents.map(({ kind }) => kind)).toEqual(kinds);
        for (const document of documents) {
          const validate = ajv.getSchema(`kubernetes#/definitions/${document.kind}`);
          validate?.(document);
          expect([file, validate?.errors]).toEqual([file, null]);
          expect(validate?.({ ...document, spec: { ...document.spec, replica: 1 } })).toBe(false);
        }
      }
    },
  );

  it('of a Job tell its pods how many there are', () => {
    const [job] = parseAllDocuments(readFileSync(at('k8s-job', 'fixed', 'predict.yaml'), 'utf8')).map(
      (each) => each.toJS(),
    );
    const [container] = job.spec.template.spec.containers;
    expect(job.spec).toMatchObject({ completions: 12, completionMode: 'Indexed' });
    expect(container.env).toEqual([{ name: 'JOB_COMPLETIONS', value: '12' }]);
    expect(container.args).toContain('auto');
  });
});

const hasSystemd = existsSync('/usr/bin/systemd-analyze');
(hasSystemd || process.env.CI ? it : it.skip)(
  'the unit of systemd is sound, and exposes at most 2.0 of 10',
  async () => {
    await made('systemd', 'fixed');
    const unit = at('systemd', 'fixed', 'nmode-fixed.service');
    const analyze = (...args: string[]) =>
      spawnSync('systemd-analyze', [...args, unit], { encoding: 'utf8' });
    expect(analyze('verify')).toMatchObject({ status: 0, stderr: '' });
    expect(analyze('security', '--offline=true', '--threshold=20').status).toBe(0);
    expect(readFileSync(unit, 'utf8')).toMatch(/^# Not set, .*MemoryDenyWriteExecute/m);
  },
);

it('the scripts of Slurm are ones that bash reads', async () => {
  await made('slurm', 'fixed', { shards: 3 });
  for (const script of ['predict.sbatch', 'merge.sbatch']) {
    expect(spawnSync('bash', ['-n', at('slurm', 'fixed', script)]).status).toBe(0);
  }
  expect(readFileSync(at('slurm', 'fixed', 'predict.sbatch'), 'utf8')).toContain('--array=0-2\n');
});

describe('a bundle', () => {
  it.each(FORMATS.map(({ id }) => id))('of %s is written whole, or not at all', async (format) => {
    const { files } = await made(format, 'fixed', { output: at('whole', format) });
    expect(files.every((file) => existsSync(file))).toBe(true);
    await expect(made(format, 'fixed', { output: at('whole', format) })).rejects.toThrow(/is there already/);
    const [first = ''] = files;
    rmSync(first);
    await expect(made(format, 'fixed', { output: at('whole', format) })).rejects.toThrow(/is there already/);
    expect(existsSync(first)).toBe(false);
  });

  it('refuses names and images that would be something else in its files, and models for no images in a batch', async () => {
    await expect(made('kserve', 'fixed', { name: 'a"\nb' })).rejects.toThrow(/expected 1 to 40/);
    await expect(made('kserve', 'fixed', { name: 'A' })).rejects.toThrow(/expected 1 to 40/);
    await expect(made('docker', 'fixed', { image: 'a b' })).rejects.toThrow(/not a reference of a container/);
    await expect(made('slurm', 'fixed', { shards: 0 })).rejects.toThrow(/0 shards/);
    await expect(made('slurm', 'table', { output: at('none') })).rejects.toThrow(/^table.onnx: /);
    expect(existsSync(at('none')) ? readdirSync(at('none')) : []).toEqual([]);
  });

  it('is called by its file', async () => {
    writeFileSync(at('Höhe_2 (final).onnx'), readFileSync(at('fixed.onnx')));
    expect((await made('systemd', 'Höhe_2 (final)')).name).toBe('h-he-2-final');
  });
});
