import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { at } from '../../graph/common/at.js';
import { parseModel } from '../../graph/file/read.js';
import { encodeModel } from '../../graph/file/write.js';
import { graft, inspect, optimizeModel, proposeSkips, Segmenter } from '../../src/index.js';
import { STYLES } from '../support/exporter-styles.js';
import { fixture } from '../support/fixtures.js';
import { type ForeignNetwork, NETWORKS } from '../support/foreign-networks.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-styles-'));
afterAll(() => rmSync(folder, { recursive: true }));
const photograph = fixture('images', 'ISIC_0000082.jpg');
const images = join(folder, 'images');
mkdirSync(images);
cpSync(photograph, join(images, 'one.jpg'));
const recipe = {
  normalization: { kind: 'unit' },
  sizing: { kind: 'resize', height: 32, width: 32 },
} as const;
const output = join(folder, 'out.onnx');

async function masksOf(model: string): Promise<readonly number[]> {
  await using segmenter = await Segmenter.load(model, { recipe, threads: 1 });
  const { probabilities } = await segmenter.segment(photograph, { probabilities: true });
  return Array.from(probabilities?.data ?? []);
}

function differenceOf(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.NaN;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - at(b, i))), 0);
}

/**
 * Trained numbers of each network. Those who share equal weights have them once (opset 11 to 17), those who keep BatchNorms have their
 * statistics (opset 9, paddle2onnx), keras2onnx has slopes for each PRelu; where PReLU is arithmetic, its slopes are no weights.
 */
const PARAMETERS: Readonly<Record<string, { readonly usual: number; readonly [style: string]: number }>> = {
  'U-Net': { usual: 10_088, 'opset 9': 10_152, paddle2onnx: 10_152, shared: 10_048 },
  'MobileNet U-Net': { usual: 2104, 'opset 9': 2168, paddle2onnx: 2168, shared: 2064 },
  'PRelu U-Net': {
    ...{ usual: 10_112, 'opset 9': 10_176, paddle2onnx: 10_152, shared: 10_072 },
    ...{ tf2onnx: 10_088, keras2onnx: 10_152 },
  },
};

function parametersOf(network: string, style: string): number | undefined {
  const known = PARAMETERS[network];
  const name = style.replace('PyTorch, ', '');
  return known?.[name] ?? (/^opset 1[137]$/.test(name) ? known?.shared : known?.usual);
}

describe.each(Object.keys(NETWORKS))('%s', (networkName) => {
  const network = NETWORKS[networkName] as ForeignNetwork;
  const firsts = new Map<string, readonly number[]>();

  it.each(Object.keys(STYLES))('as %s writes it', async (style) => {
    const { write, linear = 'half_pixel' } = STYLES[style] as (typeof STYLES)[string];
    const model = write(network);
    const norms = model.graph.nodes.filter(({ opType }) => opType === 'BatchNormalization').length;
    const file = join(folder, `${style.replaceAll(/\W/g, '')}.onnx`);
    writeFileSync(file, encodeModel(model));
    const report = await inspect(file);
    expect(report.parameters).toBe(parametersOf(networkName, style));
    expect(report.macs).toBeDefined();
    const { skips } = await proposeSkips(file);
    expect(skips.map(({ scale }) => scale)).toEqual([1, 2, 4]);
    const wanted = await masksOf(file);
    const first = firsts.get(linear) ?? wanted;
    firsts.set(linear, first);
    expect(differenceOf(wanted, first)).toBeLessThan(1e-5);
    const rewritten = await optimizeModel({ model: file, output, images, recipe });
    expect(rewritten).not.toHaveProperty('unlifted');
    expect(rewritten.changes['BatchNorm folding'] ?? 0).toBe(norms);
    expect(rewritten.difference?.outputs).toMatchObject([{ kind: 'mask' }]);
    expect(differenceOf(await masksOf(output), wanted)).toBeLessThan(1e-5);
    const names = skips.map(({ tensor }) => tensor);
    const grafted = await graft({ model: file, output, skips: names, init: true, decoder: 'eed', recipe });
    expect(grafted).toMatchObject({ decoder: 'eed', skips: names.map((tensor) => ({ tensor })) });
    for (const options of [
      { precision: 'fp16' },
      { precision: 'int8-weights' },
      { precision: 'int8', calibrate: images },
    ] as const) {
      // None of its convolutions has the 1024 weights that are worth a scale for each channel.
      if (networkName === 'MobileNet U-Net' && options.precision === 'int8-weights') continue;
      // Of the others one style tells as much.
      if (networkName !== 'U-Net' && style !== 'paddle2onnx') continue;
      const lowered = await optimizeModel({ model: file, output, images, recipe, maxDscDrop: 1, ...options });
      expect(lowered.precision).toBe(options.precision);
      expect(parseModel(readFileSync(output), 'out').graph.nodes.length).toBeGreaterThan(0);
    }
  });
});
