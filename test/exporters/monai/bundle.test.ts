import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../../exporters/assembly/export-model.js';
import { planExport } from '../../../exporters/assembly/export-plan.js';
import { detectIn } from '../../../exporters/assembly/network-weights.js';
import { bundleIn } from '../../../exporters/backbones/monai/bundle.js';
import { openCheckpoint, readReference } from '../../../exporters/checkpoints/open.js';
import { createSession } from '../../../runtime/node/sessions/session.js';
import { verifySession } from '../../../src/parity/parity.js';
import { exportOf, fixture } from '../../support/fixtures.js';
import { inferenceOf, MONAI_CASES, monaiCheckpoint, monaiIdOf } from '../../support/monai.js';
import type { NetworkCase } from '../../support/network-cases.js';

const BUNDLE = fixture('monai', 'bundle');
const CONFIG = readFileSync(join(BUNDLE, 'configs', 'inference.json'), 'utf8');

function caseOf(name: string): NetworkCase {
  const entry = MONAI_CASES[name];
  if (entry === undefined) throw new Error(`no case ${name}`);
  return entry;
}

describe('a bundle', () => {
  it('tells network, head and recipe; its references are followed; it gives what MONAI gives', async () => {
    const { bytes, model, assumed, notes } = await exportOf(BUNDLE);
    expect(Object.fromEntries(model.metadata)).toMatchObject({
      ...{ 'nmode.backbone': 'monai.unet', 'nmode.strides': '2,2', 'nmode.head': 'softmax' },
      'nmode.recipe': expect.stringContaining('"kind":"clip"'),
    });
    // Images keep their size, as windows have theirs.
    expect(model.graph.inputs[0]?.type?.shape?.slice(2)).toEqual(['H', 'W']);
    expect(assumed).toEqual([expect.objectContaining({ what: 'background' })]);
    expect(notes).toEqual([
      expect.stringContaining('MONAI loads images with the width as the first axis'),
      expect.stringContaining('MONAI runs windows of 64x64'),
    ]);
    await using session = await createSession(bytes);
    const reference = await readReference(fixture('monai', 'bundle.io.safetensors'));
    expect((await verifySession(session, reference)).pass).toBe(true);
  });

  describe('in a folder of its own', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nmode-monai-'));
    const [config, yaml] = ['json', 'yaml'].map((ending) => join(folder, 'configs', `inference.${ending}`));
    beforeAll(() => cpSync(BUNDLE, folder, { recursive: true }));
    afterAll(() => rmSync(folder, { recursive: true }));

    it('may be YAML, and other weights in it may be named', async () => {
      rmSync(String(config));
      // JSON is YAML; anchors and comments are not JSON.
      writeFileSync(String(yaml), `# a bundle\n${CONFIG}`);
      renameSync(join(folder, 'models', 'model.pt'), join(folder, 'models', 'best.pt'));
      const checkpoint = await openCheckpoint(join(folder, 'models', 'best.pt'));
      checkpoint.close();
      expect(detectIn(checkpoint).network).toMatchObject({ backbone: 'monai.unet', isSaid: true });
    });

    it.each([
      ['network_def: [1', 'configs/inference.yaml: '],
      [`a: &a [${'x,'.repeat(99)}]\nb: &b [${'*a,'.repeat(99)}]\nc: [${'*b,'.repeat(99)}]`, 'alias'],
    ])('%# that is none is refused in one line', async (text, message) => {
      writeFileSync(String(yaml), text);
      const opened = openCheckpoint(join(folder, 'models', 'best.pt'));
      await expect(opened).rejects.toThrow(message);
      await expect(opened).rejects.not.toThrow(/\n/);
    });
  });

  const plain = caseOf('unet-plain');
  const withConfig = (config: string) => monaiCheckpoint(plain, [['configs/inference.json', config]]);

  it.each([
    [{ _target_: 'SwinUNETR' }, 'network_def is SwinUNETR, expected one of UNet,'],
    [{ channels: undefined }, 'UNet takes channels, which is left out and has no default'],
    [{ strides: [2] }, "strides is [2], expected 2 of them, one for each of 'channels' but the first"],
    [
      { channels: '$compute(4)' },
      'channels is "$compute(4)", expected a list of 1 to 64, each a whole number from 1 to 65536; Python is not run: give it with `backboneArguments`',
    ],
    [{ chanels: [1] }, 'UNet is not written with chanels; the closest is channels'],
    [{ norm: 'layer' }, 'norm is "layer", expected one of instance'],
    [
      { in_channels: 1e9 },
      'in_channels is 1000000000, expected a whole number from 1 to 65536; the weights have',
    ],
    [
      { act: ['prelu', { num_parameters: 7 }] },
      'expected num_parameters to be 1 or the 4 channels of model.0.adn.A',
    ],
    [{ act: ['elu', { beta: 1 }] }, 'expected it without beta'],
    [{ adn_ordering: 'NDD' }, 'adn_ordering is "NDD", expected each of the letters A, D and N once at most'],
    [
      { kernel_size: 2 },
      'kernel_size is 2, expected odd, a whole number from 1 to 64, or one for each of 2 axes',
    ],
    [{ spatial_dims: 1 }, 'spatial_dims is 1, expected a whole number from 2 to 3'],
    [
      { channels: [4, 8, 16] },
      'configs/inference.json: channels is [4,8,16], the weights have [4,8,12] (model.1.submodule.1.submodule.conv.weight is [12, 8, 3, 3], expected [16, 8, 3, 3]): they are of another training',
    ],
    [
      { num_res_units: 2 },
      'num_res_units is 2, the weights have 0 (model.0.conv.unit0.conv.weight is missing): they are of another',
    ],
    [
      { in_channels: 4, out_channels: 7 },
      /in_channels is 4, the weights have \d .*out_channels is 7, the weights have \d /,
    ],
  ])('with %j is refused in one line that says what is expected', (changes, message) => {
    const network = { _target_: 'UNet', ...plain.arguments, ...changes };
    expect(() => detectIn(withConfig(JSON.stringify({ network_def: network })))).toThrow(message);
  });

  it('without a network, or with transforms that are none, tells that they were not used', () => {
    const notesOf = (config: object) => {
      const checkpoint = { ...withConfig(JSON.stringify(config)), sources: ['model.pt', 'inference.json'] };
      const plan = planExport({ head: 'none', size: {} });
      return exportCheckpoint(checkpoint, plan).notes;
    };
    expect(notesOf({ network_def: null })).toEqual([
      'nothing of inference.json beside the weights was used: it does not say what they are',
    ]);
    const network = { network_def: { _target_: 'UNet', ...plain.arguments } };
    expect(notesOf({ ...network, preprocessing: 'x', postprocessing: ['$f()'] })).toEqual([
      'configs/inference.json: its preprocessing is no list of transforms, and was not used',
      'configs/inference.json: its postprocessing has "$f()", which names no transform and was not used',
    ]);
  });

  it('of references that refer to themselves ends', () => {
    const config = { network_def: { _target_: 'UNet', channels: '@a' }, a: ['@b', '@b'], b: ['@a', '@a'] };
    expect(() => detectIn(withConfig(JSON.stringify(config)))).toThrow(
      /^configs\/inference\.json: UNet takes/,
    );
  });

  const transformed = (...transforms: object[]) => {
    const extras = new Map([['configs/inference.json', inferenceOf(plain, { preprocessing: transforms })]]);
    return bundleIn(extras)?.useOf(2, 3);
  };

  it.each([
    [{ _target_: 'ScaleIntensityd' }, { kind: 'min-max', to: 1 }],
    [
      { _target_: 'monai.transforms.ScaleIntensity', minv: -1, channel_wise: true },
      {
        kind: 'steps',
        steps: [
          { kind: 'min-max', to: 1, per: 'channel' },
          { kind: 'mean-std', mean: [0.5], std: [0.5], of: 'samples' },
        ],
      },
    ],
    [
      { _target_: 'ScaleIntensityRanged', a_min: 0, a_max: 255, b_min: 0, b_max: 1 },
      { kind: 'unit', bits: 8 },
    ],
    [
      { _target_: 'NormalizeIntensityD', nonzero: true, channel_wise: true },
      { kind: 'z-score', per: 'channel', over: 'nonzero' },
    ],
    [
      { _target_: 'NormalizeIntensity', subtrahend: [1, 2, 3], divisor: 4, channel_wise: true },
      { kind: 'mean-std', mean: [1, 2, 3], std: [4, 4, 4], of: 'samples' },
    ],
    [
      { _target_: 'ScaleIntensityRangePercentilesd', lower: 1, upper: 99, b_min: 0, b_max: 1, clip: true },
      {
        kind: 'steps',
        steps: [
          { kind: 'percentile-clip', low: 1, high: 99 },
          { kind: 'min-max', to: 1 },
        ],
      },
    ],
    [{ _target_: 'EnsureTyped' }, { kind: 'mean-std', mean: [0], std: [1], of: 'samples' }],
  ])('%j is a recipe', (transform, normalization) => {
    const use = transformed(transform);
    expect(use?.recipe).toMatchObject({ normalization, isRecipeSaid: true });
    expect(use?.notes).toEqual([]);
  });

  it('has its images resized where it says so, and says what no recipe does', () => {
    const use = transformed(
      { _target_: 'Resized', keys: ['image'], spatial_size: [64, 32], mode: 'bilinear' },
      { _target_: 'RandFlipd', keys: ['label'] },
      { _target_: 'CropForegroundd', keys: ['image'] },
      { _target_: 'NormalizeIntensityd', _disabled_: true },
    );
    expect(use?.recipe.sizing).toEqual({ kind: 'resize', height: 64, width: 32 });
    expect(use?.notes).toEqual([expect.stringContaining('recipes do not support CropForegroundd')]);
  });

  it.each([
    [[{ _target_: 'Activationsd', sigmoid: true }], 'sigmoid', 0],
    [[{ _target_: 'AsDiscrete', argmax: true }], 'softmax', 0],
    [
      [
        { _target_: 'Activationsd', sigmoid: true },
        { _target_: 'AsDiscreted', threshold: 0.3 },
      ],
      'sigmoid',
      1,
    ],
    [[{ _target_: 'KeepLargestConnectedComponentd' }], undefined, 1],
  ])('%j is the head', (postprocessing, activation, notes) => {
    const extras = new Map([['configs/inference.json', inferenceOf(plain, { postprocessing })]]);
    const use = bundleIn(extras)?.useOf(2, 3);
    expect([use?.activation, use?.notes.length]).toEqual([activation, notes]);
  });
});

describe('a bare state dict', () => {
  it.each(Object.entries(MONAI_CASES))('%s is known by its keys, or by its arguments', (_, entry) => {
    const checkpoint = monaiCheckpoint(entry);
    const { network, classes } = detectIn(checkpoint);
    expect(network).toMatchObject({
      backbone: monaiIdOf(entry),
      inputChannels: entry.shape[1],
      isSaid: false,
    });
    expect(classes).toBe(entry.arguments.out_channels);
    const plan = planExport({ backbone: monaiIdOf(entry), backboneArguments: entry.arguments });
    const given = detectIn(checkpoint, plan.backbone);
    expect([...given.network.keys.keys()]).toEqual([...network.keys.keys()]);
    expect(given.network.axes).toBe(entry.shape.length - 2);
  });

  it('of volumes takes sizes of three axes and no image', async () => {
    const checkpoint = monaiCheckpoint(caseOf('segresnet-volume'));
    const sizes = (size: object) => () => exportCheckpoint(checkpoint, planExport({ head: 'none', size }));
    expect(sizes({ depth: 8, height: 8, width: 10 })).toThrow('width 10 does not fit: for monai.segresnet');
    expect(() => exportCheckpoint(checkpoint, planExport({ head: 'none', io: 'image' }))).toThrow(
      'monai.segresnet takes volumes, of which a model takes tensors',
    );
    const flat = monaiCheckpoint(caseOf('segresnet-shuffled'));
    const size = { depth: 8, height: 8, width: 8 };
    expect(() => exportCheckpoint(flat, planExport({ head: 'none', size }))).toThrow(
      'a depth of 8: monai.segresnet takes images',
    );
    const usual = exportCheckpoint(checkpoint, planExport({ head: 'none' })).model;
    expect(usual.graph.inputs[0]?.type?.shape).toEqual([1, 1, 64, 64, 64]);
    expect(usual.metadata.has('nmode.recipe')).toBe(false);
  });
});
