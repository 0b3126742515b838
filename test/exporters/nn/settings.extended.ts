import { describe, expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../../exporters/assembly/export-model.js';
import { type ExportOptions, planExport } from '../../../exporters/assembly/export-plan.js';
import { openCheckpoint, readReference } from '../../../exporters/checkpoints/open.js';
import type { Settings } from '../../../exporters/nn/settings.js';
import { encodeModel } from '../../../graph/file/write.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { fixture, paritiesOf } from '../../support/fixtures.js';
import { kinCases, kinCheckpoint } from '../../support/kin.js';
import { Strided } from '../../support/own.js';
import { seeded } from '../../support/seeded.js';
import { type SettingCase, settingCases } from '../../support/settings.js';

const outputs = await readReference(fixture('settings', 'outputs.safetensors'));

async function checkpointOf({ checkpoint, network }: Pick<SettingCase, 'checkpoint' | 'network'>) {
  if (checkpoint !== undefined) return openCheckpoint(fixture(checkpoint));
  const entry = kinCases.find((kin) => kin.network === network);
  if (entry === undefined) throw new Error(`no network ${network}`);
  return kinCheckpoint(entry);
}

async function exportOf(
  weights: Pick<SettingCase, 'checkpoint' | 'network'>,
  options: Partial<ExportOptions> = {},
) {
  const checkpoint = await checkpointOf(weights);
  try {
    const own = weights.checkpoint?.startsWith('own/') ? { backbone: Strided } : {};
    return exportCheckpoint(checkpoint, planExport({ ...own, size: {}, ...options }));
  } finally {
    checkpoint.close();
  }
}

describe('what leaves no trace in a state dict is told, and then agrees with PyTorch', () => {
  it.each(settingCases.map((entry) => [entry.name, entry] as const))('%s', async (name, entry) => {
    const checkpoint = await checkpointOf(entry);
    const own = entry.checkpoint?.startsWith('own/') ? { backbone: Strided } : {};
    const { model } = exportCheckpoint(checkpoint, planExport({ ...own, size: {}, ...entry.options }));
    const [input, mask] = [seeded('input', entry.input), outputs.get(name)];
    if (input === undefined || mask === undefined) throw new Error(`no output ${name}`);
    const reference = new Map([
      ['input', input],
      ['mask', mask],
    ]);
    const [plain] = await paritiesOf(encodeModel(model), [reference], 'disabled');
    const [rewritten] = await paritiesOf(encodeModel(optimize(model).model), [reference], 'all');
    checkpoint.close();
    expect(plain?.maxAbs).toBeLessThanOrEqual(1e-5);
    expect(rewritten?.maxAbs).toBeLessThanOrEqual(1e-5);
  });
});

const UNET = { checkpoint: 'cases/original.zip.pth' };
const TRANSPOSED = { checkpoint: 'cases/original-transposed.zip.pth' };
const EED = { checkpoint: 'cases/nmode-CR_B.zip.pth' };
const eed = { decoder: 'eed', activation: 'gelu' } as const;

describe('what is taken for the rest is told', () => {
  const toldOf = async (
    weights: Pick<SettingCase, 'checkpoint' | 'network'>,
    options?: Partial<ExportOptions>,
  ) => {
    const { assumed } = await exportOf(weights, options);
    return assumed.map(({ what, value, option }) => `${what}=${value}:${option}`);
  };
  const size = 'size=256x256:size, nativeSize';
  const recipe = 'recipe=min-max, resized to 256x256:recipe';
  const ofOwn = recipe.replace(':', ", but Pytorch-UNet's own training code divides by 255 (unit):");
  const wiring = (backbone: string) => `strides, dilations and all else=of ${backbone}:backbone`;
  const common = [
    'pooling=max:pooling',
    'activation=relu:backboneActivation',
    'BatchNorm eps=1e-5:bnEps',
    'padding=zeros:padding',
  ];

  it('of the release with its own decoder, doubled bilinearly or by transposed convolutions', async () => {
    const bilinear = ['upsampling=bilinear:upsample', 'align_corners=true:alignCorners'];
    expect(await toldOf(UNET)).toEqual([
      ...['head=sigmoid:head', ...common, ...bilinear],
      ...[wiring('unet'), ofOwn, size],
    ]);
    expect(await toldOf(TRANSPOSED)).toEqual(['head=sigmoid:head', ...common, wiring('unet'), ofOwn, size]);
  });

  it('of an nmODE decoder, the form of LMD and the ReLU of its blocks', async () => {
    const told = await toldOf(EED, { decoder: 'lmd', activation: 'gelu' });
    expect(told).toContain('LMD form=release:lmdForm');
    expect(told).toContain('activation in nmODE blocks=relu:blockActivation');
    expect(told).toContain('align_corners=false:alignCorners');
  });

  it.each([
    ['smp-resnet18', ['upsampling=nearest:upsample', 'BatchNorm eps=1e-5:bnEps']],
    ['smp-mobilenet', ['activation=relu6 and relu:backboneActivation']],
    ['ege-original', ['activation=gelu:backboneActivation', 'upsampling=bilinear:upsample']],
    ['attention-original', ['upsampling=nearest:upsample']],
  ])('of %s what its code has', async (network, expected) => {
    expect(await toldOf({ network })).toEqual(expect.arrayContaining(expected));
  });

  it('and nothing that was said, which stands in the metadata instead', async () => {
    const settings: Settings = {
      pooling: 'average',
      backboneActivation: 'leaky-relu:0.2',
      bnEps: 1e-3,
      padding: 'reflect',
      upsample: 'nearest',
    };
    const { assumed, model } = await exportOf(UNET, {
      ...settings,
      head: 'none',
      recipe: { normalization: { kind: 'unit' } },
      size: { height: 64, width: 64 },
    });
    expect(assumed).toEqual([expect.objectContaining({ option: 'backbone' })]);
    expect(Object.fromEntries(model.metadata)).toMatchObject({
      'nmode.pooling': 'average',
      'nmode.backbone_activation': 'leaky-relu:0.2',
      'nmode.bn_eps': '1e-3',
      'nmode.padding': 'reflect',
      // The decoder's own form says bilinear.
      'nmode.upsampling': 'nearest',
    });
  });

  it('a backbone of your own is told what its layers take, and nothing else is assumed of it', async () => {
    const told = await toldOf({ checkpoint: 'own/strided.pth' }, { decoder: 'lmd', activation: 'gelu' });
    expect(told).toContain('activation=silu:backboneActivation');
    expect(told.join()).not.toContain('all else');
  });
});

describe('a setting is refused', () => {
  const refusal = (weights: Pick<SettingCase, 'checkpoint' | 'network'>, options: Partial<ExportOptions>) =>
    exportOf(weights, options).then(
      () => 'exported',
      ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
    );

  it.each([
    ['pooling where nothing is pooled', { network: 'smp-mobilenet' }, { pooling: 'average' }],
    ["blocks' activation without blocks", UNET, { blockActivation: 'gelu' }],
    ['eps without BatchNorm', { network: 'ege-original' }, { bnEps: 1e-3 }],
    ['upsampling by transposed convolutions', TRANSPOSED, { upsample: 'nearest' }],
    ['corners of pixels that are repeated', { network: 'smp-mobilenet' }, { alignCorners: true }],
  ] as const)('%s, as it does not apply there', async (_, weights, options) => {
    const [name] = Object.keys(options);
    expect(await refusal(weights, options)).toMatch(
      new RegExp(`^BAD_USAGE \\S+: \`${name}\` does not apply: (nothing|there|the) .*$`),
    );
  });

  it.each([
    [{ upsample: 'nearest', alignCorners: true }, '`alignCorners` applies only to bilinear upsampling'],
    [{ bnEps: -1 }, '`bnEps: -1`, expected a number from 0 to 1'],
    [{ bnEps: Number.NaN }, '`bnEps: NaN`, expected a number from 0 to 1'],
    [{ pooling: 'mean' }, "`pooling: 'mean'`, expected max or average"],
    [{ padding: 'same' }, "`padding: 'same'`, expected zeros or reflect or replicate or circular"],
    ...['relu:1', 'leaky-relu:', 'leaky-relu:x', 'elu:1:2', 'sigmoid', 'prelu'].map(
      (name) =>
        [{ backboneActivation: name }, `\`backboneActivation: '${name}'\`, expected relu, relu6,`] as const,
    ),
  ])('%j', async (options, message) => {
    const untyped = Reflect.apply(refusal, undefined, [UNET, options]);
    expect(await untyped).toContain(`BAD_USAGE ${message}`);
  });

  it('reflection and wrapping at a size that is too small for them, as in PyTorch', async () => {
    const small = (padding: 'reflect' | 'circular' | 'replicate', side: number) =>
      refusal(UNET, { padding, size: { batch: 1, height: side, width: side } });
    expect(await small('reflect', 16)).toMatch(
      /^BAD_USAGE `padding: 'reflect'`: down4\..* pads 1 pixels at each end of 1, expected 2 at least: it needs a larger input$/,
    );
    expect(await small('reflect', 32)).toBe('exported');
    expect(await small('circular', 16)).toBe('exported');
    expect(await small('replicate', 16)).toBe('exported');
  });

  it('on an nmODE decoder, too', async () => {
    expect(await refusal(EED, { ...eed, pooling: 'average', upsample: 'nearest' })).toBe('exported');
    expect(await refusal(EED, { ...eed, upsample: 'nearest', alignCorners: false })).toContain('BAD_USAGE');
  });
});

describe('of several classes the head is asked for, since nothing says whether they exclude each other', () => {
  it.each([
    [{ checkpoint: 'cases/original-classes4.zip.pth' }, {}],
    [{ checkpoint: 'cases/eed-training-run.zip.pth' }, eed],
    ...['attention-classes', 'nested-classes', 'smp-classes'].map((network) => [{ network }, {}] as const),
  ])('%j', async (weights, told) => {
    await expect(exportOf(weights, told)).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringMatching(
        /: [34] classes, .* give `head: 'softmax'` .*, or `head: 'sigmoid'` .*; to export logits, `head: 'none'`$/,
      ),
    });
    const { assumed } = await exportOf(weights, { ...told, head: 'softmax' });
    expect(assumed.map(({ option }) => option)).not.toContain('head');
  });
});
