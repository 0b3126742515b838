import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readReference } from '../../exporters/checkpoints/open.js';
import { float32Values } from '../../graph/ir/tensor.js';
import { frameOf } from '../../runtime/images/frame.js';
import { readChannels } from '../../runtime/node/images/channels.js';
import { readTruthImage } from '../../runtime/node/images/files.js';
import { inputSpecOfModel, loadModel } from '../../runtime/node/model.js';
import { evaluate, exportModel, predict, slim } from '../../src/index.js';
import { fixture } from '../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-masks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const labelsIn = async (file: string) => [...(await readTruthImage(file)).data];

/** What fixtures/nnunet_masks.py made step by step. */
describe.each([
  ['colours', { whole: 36, small: 16 }, ['background', 'lesion', 'hair']],
  ['channels', { oval: 8, part: 10 }, ['whole', 'core']],
] as const)('%s, from an image to the mask of nnU-Net', (name, runs, classNames) => {
  const made = (...path: string[]) => fixture('nnunet', 'masks', name, ...path);
  const model = join(folder, `${name}.onnx`);
  const cases = Object.keys(runs);

  it('takes one file of a model, and nothing is assumed', async () => {
    const { assumed, architecture } = await exportModel({ checkpoint: made('trained'), output: model });
    expect(assumed).toEqual([]);
    expect(JSON.parse(architecture['nmode.class_names'] ?? '')).toEqual(classNames);
  });

  it('prepares images as they were for training', async () => {
    const spec = inputSpecOfModel((await loadModel(model)).model);
    const arrays = await readReference(made('arrays.safetensors'));
    for (const image of cases) {
      const files = readdirSync(made('images'))
        .filter((file) => file.startsWith(image))
        .sort();
      const raster = await readChannels(
        files.map((file) => made('images', file)),
        spec,
      );
      const { rows } = frameOf(raster, spec.recipe, spec.pixel);
      const expected = arrays.get(`${image}.prepared`);
      if (expected === undefined) throw new Error(`no ${image}`);
      expect(expected.dims).toEqual([rows.channels, rows.height, rows.width]);
      const values = float32Values(expected);
      const row = new Float64Array(rows.width * rows.channels);
      let worst = 0;
      for (let y = 0; y < rows.height; y++) {
        rows.read(y, row);
        for (const [i, value] of row.entries()) {
          const [x, channel] = [Math.floor(i / rows.channels), i % rows.channels];
          const wanted = values[(channel * rows.height + y) * rows.width + x] ?? Number.NaN;
          worst = Math.max(worst, Math.abs(value - wanted) / Math.max(1, Math.abs(wanted)));
        }
      }
      expect(worst).toBeLessThan(1e-5);
    }
  });

  it('tells the runs of an image in windows while it goes on', async () => {
    const [[image, count] = ['', 0]] = Object.entries(runs);
    const files = readdirSync(made('images')).filter((file) => file.startsWith(image));
    const seen: (string | undefined)[] = [];
    await predict({
      ...{ model, output: join(folder, name, 'runs') },
      images: files.slice(0, 1).map((file) => made('images', file)),
      ...(files.length > 1 && { images: [made('images')] }),
      onProgress: (_done, _total, what) => seen.push(what),
    });
    expect(seen).toContainEqual(
      expect.stringMatching(new RegExp(`^images, ${image}.*: 1 of ${count} runs$`)),
    );
  });

  it.each([
    ['mirror', undefined],
    ['plain', false],
  ] as const)('%s', async (way, mirror) => {
    const output = join(folder, name, way);
    const report = await predict({
      model,
      images: [made('images')],
      output,
      ...(mirror === false && { mirror }),
    });
    expect(report.failures).toEqual([]);
    expect(report.assumed).toEqual([]);
    expect(report.predictions.map(({ labels = '' }) => basename(labels)).sort()).toEqual(
      cases.map((image) => `${image}_labels.png`).sort(),
    );
    for (const { labels = '', tiles } of report.predictions) {
      const image = basename(labels).replace('_labels.png', '') as keyof typeof runs;
      expect(tiles).toBe(mirror === false ? runs[image] / 2 ** (name === 'colours' ? 2 : 1) : runs[image]);
      // Tools of nnU-Net would take colours for labels.
      const stored = await readTruthImage(labels);
      expect([stored.channels, stored.full, stored.palette]).toEqual([1, 255, undefined]);
      expect(await labelsIn(labels)).toEqual(await labelsIn(made(way, `${image}.png`)));
    }
  });

  /** Of what was found of a class and some labels of the truth, over all images. */
  async function dice(label: number, of: readonly number[]): Promise<number> {
    let [both, sum] = [0, 0];
    for (const image of cases) {
      const found = await labelsIn(join(folder, name, 'mirror', `${image}_mask_${label}.png`));
      const truth = await labelsIn(made('mirror', `${image}.png`));
      for (const [pixel, value] of found.entries()) {
        const [a, b] = [Number(value === 255), Number(of.includes(truth[pixel] ?? 0))];
        [both, sum] = [both + a * b, sum + a + b];
      }
    }
    return (2 * both) / sum;
  }

  it('is counted against labels, of regions those that each is made of', async () => {
    const { classes = [], failures } = await evaluate({
      model,
      images: made('images'),
      masks: made('mirror'),
    });
    expect(failures).toEqual([]);
    expect(classes.length).toBeGreaterThan(1);
    for (const { label, dsc } of classes) {
      if (name === 'colours' || label === 1) expect(dsc).toBe(1);
      else expect(dsc).toBeCloseTo(await dice(label, [1, 2]), 12);
    }
  });
});

it('of a head in the graph, windows are averaged as probabilities', async () => {
  const model = join(folder, 'head.onnx');
  const checkpoint = fixture('nnunet', 'masks', 'colours', 'trained');
  await exportModel({ checkpoint, output: model, head: 'softmax', folds: ['1'] });
  const images = [fixture('nnunet', 'masks', 'colours', 'images')];
  const { failures, predictions } = await predict({ model, images, output: join(folder, 'head') });
  expect([failures, predictions.length]).toEqual([[], 2]);
});

it('folds that are not there are told with those that are', async () => {
  const checkpoint = fixture('nnunet', 'masks', 'colours', 'trained');
  const output = join(folder, 'none.onnx');
  await expect(exportModel({ checkpoint, output, folds: ['0', '7'] })).rejects.toThrow(
    `${checkpoint} is without fold 7: it has the folds 0, 1`,
  );
  await expect(exportModel({ checkpoint: join(checkpoint, 'fold_0'), output, folds: ['0'] })).rejects.toThrow(
    /it has no folder of nnU-Net with folds/,
  );
});

it('a student learns from whole images alone', async () => {
  const network = fixture('nnunet', 'masks', 'colours', 'trained', 'fold_0');
  const images = fixture('nnunet', 'masks', 'colours', 'images');
  await expect(slim({ network, images, output: join(folder, 'slim.onnx') })).rejects.toThrow(
    /its recipe has sliding windows, and a student learns from whole images/,
  );
});
