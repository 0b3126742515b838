import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildModel } from '../../../exporters/assembly/build.js';
import { standard } from '../../../exporters/assembly/describe.js';
import { detectIn } from '../../../exporters/assembly/network-weights.js';
import { ownKeys } from '../../../exporters/backbones/backbone.js';
import { backboneOf } from '../../../exporters/backbones/index.js';
import { openCheckpoint } from '../../../exporters/checkpoints/open.js';
import { encodeSafetensors } from '../../../exporters/checkpoints/write-safetensors.js';
import { keysOf } from '../../../exporters/nn/weights.js';
import { encodeModel } from '../../../graph/file/write.js';
import { float32Tensor } from '../../../graph/ir/tensor.js';
import { createSession } from '../../../runtime/node/sessions/session.js';
import { verifySession } from '../../../src/parity/parity.js';
import { seededCheckpoint } from '../../support/network-cases.js';
import {
  configOf,
  exportedSmp,
  networkOf,
  SMP_CASES,
  type SmpCase,
  smpCheckpoint,
  smpReference,
  VARIANCE,
} from '../../support/smp.js';
import { expectParity } from '../../support/smp-parity.js';

function caseOf(name: string): SmpCase {
  const entry = SMP_CASES[name];
  if (entry === undefined) throw new Error(`no case ${name}`);
  return entry;
}

const unet = caseOf('unet-label');
const configured = (changes: object) =>
  smpCheckpoint(unet, [['config.json', JSON.stringify({ ...JSON.parse(configOf(unet)), ...changes })]]);

it('a U-Net with a label gives what PyTorch gives, as rewritten', () =>
  expectParity('unet-label', unet, ['standard']));

it('outputs that the reference names otherwise are taken in their order', async () => {
  const { model } = exportedSmp(configured({}));
  const named = [...(await smpReference('unet-label'))];
  const names = ['input', 'output', 'output_label'];
  const reference = new Map(named.map(([, tensor], index) => [names[index] ?? '', tensor]));
  await using session = await createSession(encodeModel(model));
  expect((await verifySession(session, reference)).pass).toBe(true);
});

describe('a folder as save_pretrained writes it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nmode-smp-'));
  const best = join(folder, 'best');
  beforeAll(() => {
    mkdirSync(best);
    writeFileSync(join(best, 'model.safetensors'), encodeSafetensors(smpCheckpoint(unet).tensors));
    writeFileSync(join(best, 'config.json'), configOf(unet));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is a checkpoint, and so is the file in it', async () => {
    for (const path of [best, join(best, 'model.safetensors')]) {
      const checkpoint = await openCheckpoint(path);
      const { network, decoders } = detectIn(checkpoint);
      checkpoint.close();
      expect(network).toMatchObject({ backbone: 'smp.unet', isSaid: true, widths: [64, 64, 128] });
      expect(decoders).toEqual(['original']);
    }
  });

  it('is named with its file', async () => {
    const checkpoint = await openCheckpoint(best);
    checkpoint.close();
    expect(checkpoint.file).toBe('best/model.safetensors');
  });

  it('is refused without weights, and with a text that is none', async () => {
    await expect(openCheckpoint(folder)).rejects.toThrow(
      /a folder without weights of a usual name: give .*best$/,
    );
    writeFileSync(join(best, 'config.json'), Buffer.from([0xff, 0xfe]));
    await expect(openCheckpoint(best)).rejects.toThrow(/^best[\\/]config\.json: /);
    writeFileSync(join(best, 'config.json'), ' '.repeat(2 ** 22 + 1));
    await expect(openCheckpoint(best)).rejects.toThrow('a text of 4194305 bytes, at most 4194304 are read');
  });
});

describe('config.json', () => {
  it('tells head, labels and recipe, so that only the recipe is assumed', () => {
    const { model, assumed } = exportedSmp(configured({ activation: 'sigmoid' }), {
      head: undefined,
    } as object);
    expect(Object.fromEntries(model.metadata)).toMatchObject({
      ...{ 'nmode.backbone': 'smp.unet', 'nmode.encoder': 'resnet18', 'nmode.encoder_depth': '3' },
      'nmode.head': 'sigmoid',
    });
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['mask', 'label']);
    expect(assumed).toEqual([
      expect.objectContaining({ what: 'recipe', value: expect.stringContaining('0.485') }),
    ]);
  });

  it('goes before a head that contradicts it, but for none', () => {
    const checkpoint = configured({ activation: 'sigmoid' });
    expect(() => exportedSmp(checkpoint, { head: 'softmax' })).toThrow(
      "`head: 'softmax'`, but the network was trained to end in sigmoid: leave it out",
    );
    expect(exportedSmp(checkpoint, { head: 'none' }).description.head).toBe('none');
  });

  it('may end in a softmax over one class, of which only the logits tell anything', () => {
    const single = smpCheckpoint({ ...unet, arguments: { ...unet.arguments, classes: 1 } });
    const config = JSON.stringify({ ...JSON.parse(configOf(unet)), classes: 1, activation: 'softmax' });
    const checkpoint = { ...single, extras: new Map([['config.json', config]]) };
    expect(() => exportedSmp(checkpoint, { head: undefined } as object)).toThrow(
      "x.safetensors: the network was trained to end in a softmax over one class, which is always 1: `head: 'none'` gives",
    );
  });

  it('may hold what smp leaves out itself and what counts in training alone, and be of an older version', () => {
    const { decoder_use_norm: _, ...older } = JSON.parse(configOf(unet));
    const text = JSON.stringify({
      ...{ ...older, decoder_use_batchnorm: true, _note: 1, act_layer: null },
      ...{ drop_rate: 0.1, drop_path_rate: 0.2 },
    });
    expect(exportedSmp(smpCheckpoint(unet, [['config.json', text]])).notes).toEqual([]);
  });

  it.each([
    [
      { encoder_name: 'resnet1' },
      /encoder_name is "resnet1", expected an encoder of resnet\*, .* that docs\/smp\.md names; the closest are resnet18, .*; the weights have encoder_name "resnet18"$/,
    ],
    [{ encoder_name: 'tu-regnety_002' }, /tu-resnet\*, .*tu-convnext\* that docs\/smp\.md names; PyTorch/],
    [
      { encoder_depth: 6 },
      'config.json: encoder_depth is 6, expected a whole number from 1 to 5; the weights have encoder_depth 3',
    ],
    [
      { decoder_channels: [32, 16] },
      'decoder_channels is [32,16], expected a list of 3, each a whole number from 1 to 65536: one for each level of encoder_depth; the weights have decoder_channels [32,16,8]',
    ],
    [
      { decoder_channels: undefined },
      'config.json: decoder_channels is left out and so [256,128,64,32,16], expected a list of 3, each a whole number',
    ],
    [{ decoder_chanels: [1] }, 'Unet is not written with decoder_chanels; the closest is decoder_channels'],
    [{ decoder_dropout: 0.5 }, 'Unet is not written with decoder_dropout: it takes encoder_name, '],
    [{ decoder_use_norm: 'inplace' }, 'config.json: decoder_use_norm is "inplace", which is not written'],
    [
      { decoder_use_norm: { type: 'batchnorm', track_running_stats: false } },
      'expected track_running_stats to be true',
    ],
    [{ decoder_use_norm: { type: 'batchnorm', epsilon: 1 } }, 'without epsilon'],
    [
      { decoder_interpolation: 'lanczos' },
      'decoder_interpolation is "lanczos", expected nearest or bilinear or bicubic',
    ],
    [
      { decoder_attention_type: 'cbam' },
      '"cbam", expected null or scse; the weights have decoder_attention_type null',
    ],
    [{ activation: 'tanh' }, 'activation is "tanh", expected null or one of'],
    [{ aux_params: { pooling: 'avg', depth: 3 } }, 'aux_params is not written with depth'],
    [{ _model_class: 'DPT' }, '_model_class is "DPT", expected one of Unet,'],
    [
      { in_channels: 0 },
      'in_channels is 0, expected a whole number from 1 to 65536; the weights have in_channels 3',
    ],
  ])('%j is refused in one line that says what is expected', (changes, message) => {
    expect(() => exportedSmp(configured(changes))).toThrow(message);
  });

  it('is refused by what is expected alone where the weights are not all there', () => {
    const { tensors, ...checkpoint } = configured({ encoder_depth: 6 });
    const few = new Map([...tensors].slice(0, 9));
    expect(() => exportedSmp({ ...checkpoint, tensors: few })).toThrow(
      /expected a whole number from 1 to 5$/,
    );
  });

  it('without a class goes with the one that the keys tell', () => {
    const { _model_class: _, ...others } = JSON.parse(configOf(unet));
    const { network } = detectIn(smpCheckpoint(unet, [['config.json', JSON.stringify(others)]]));
    expect(network).toMatchObject({ backbone: 'smp.unet', isSaid: true });
  });

  it.each([
    [
      '{"encoder_name": NaN}',
      /^config\.json: it is no JSON \(NaN and Infinity are none\): .*; save or download it again$/,
    ],
    ['[', /^config\.json: it is no JSON: .*; save or download it again$/],
    [
      `{"encoder_name": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`,
      'it nests 100001 levels, at most 100 are read',
    ],
    [`{"encoder_name": "${'['.repeat(1e5)}"}`, 'encoder_name is "[[['],
    ['', /^config\.json: it is no JSON: /],
  ])('%# that is no JSON is refused in one line', (text, message) => {
    expect(() => detectIn(smpCheckpoint(unet, [['config.json', text]]))).toThrow(message);
  });

  it('of another library says nothing', () => {
    const { network } = detectIn(smpCheckpoint(unet, [['config.json', '{"model_type": "bert"}']]));
    expect(network).toMatchObject({ backbone: 'smp.unet', isSaid: false });
  });
});

describe('a bare state dict', () => {
  it.each(Object.entries(SMP_CASES).filter(([name]) => name !== 'unet' && name !== 'deeplabv3plus-8'))(
    '%s is known by its keys, its arguments by their shapes',
    (_, entry) => {
      const { network, classes } = detectIn(smpCheckpoint(entry));
      const said = networkOf(entry);
      expect(network).toMatchObject({ backbone: said.backbone, widths: said.widths, isSaid: false });
      expect(network.variant).toEqual(said.variant);
      expect(classes).toBe(said.own?.classes);
    },
  );

  it('is known below a prefix, whatever stands beside it', () => {
    const plain = smpCheckpoint(unet);
    const tensors = new Map([
      ...[...plain.tensors].map(([key, tensor]) => [`net.${key}`, tensor] as const),
      ['loss.weight', float32Tensor([2], [1, 2])] as const,
    ]);
    const { network, view } = detectIn({ ...plain, tensors });
    expect([network.backbone, view.prefix]).toEqual(['smp.unet', 'net.']);
  });

  it('on an encoder of torchvision holds an attention that its last block does not use', () => {
    const arguments_ = { encoder_name: 'resnet18', decoder_attention_type: 'scse', classes: 1 };
    const network = backboneOf('smp.unet', arguments_).network(new Map());
    const own = network.own === undefined ? new Map() : ownKeys(network, network.own);
    const unused = Object.entries({
      'cSE.1.weight': [2, 32, 1, 1],
      'cSE.1.bias': [2],
      'sSE.0.weight': [1, 32, 1, 1],
    });
    const keys = Object.fromEntries([
      ...[...network.keys, ...own],
      ...unused.map(([key, shape]) => [`decoder.blocks.4.attention1.attention.${key}`, shape] as const),
    ]);
    const { description, notes } = exportedSmp(seededCheckpoint({ keys }, VARIANCE));
    expect(description.network.backbone).toBe('resnet18');
    expect(notes).toEqual([]);
  });

  it('is said to be taken for that of one encoder where another has the same keys', () => {
    const backbone = backboneOf('smp.unet', { encoder_name: 'tu-tf_mobilenetv3_small_075' }).network(
      new Map(),
    );
    const own = backbone.own === undefined ? new Map() : ownKeys(backbone, backbone.own);
    const checkpoint = seededCheckpoint({ keys: Object.fromEntries([...backbone.keys, ...own]) }, 1);
    expect(detectIn(checkpoint).network.assumed).toEqual([
      {
        what: 'encoder',
        value: 'tu-mobilenetv3_small_075, and not tu-tf_mobilenetv3_small_075, whose keys are the same',
        option: 'backboneArguments',
      },
    ]);
    const given = { encoder_name: 'tu-tf_mobilenetv3_small_075' };
    const told = backboneOf('smp.unet', given).network(backbone.keys);
    expect(told).toMatchObject({ assumed: [], variant: { encoder: 'tu-tf_mobilenetv3_small_075' } });
  });

  it('takes the arguments that are given, and none where its backbone has none', () => {
    const given = { backbone: 'smp.unet', backboneArguments: { decoder_interpolation: 'bilinear' } };
    const { assumed } = exportedSmp(smpCheckpoint(unet), given);
    expect(assumed).toContainEqual({ what: 'upsampling', value: 'bilinear', option: 'upsample' });
    expect(() => backboneOf('unet', {})).toThrow('`backboneArguments` does not apply to unet');
    expect(() => exportedSmp(smpCheckpoint(unet), { backboneArguments: {} })).toThrow(
      '`backboneArguments` requires `backbone`',
    );
  });
});

describe('an nmODE decoder on an encoder of smp', () => {
  it.each(['resnet50', 'resnet101', 'resnext50_32x4d', 'vgg13_bn', 'mobilenet_v2'])(
    '%s is found by its keys, as deep as it has steps',
    (name) => {
      const encoder = backboneOf('smp.unet', {
        ...{ encoder_name: name, encoder_depth: 4, decoder_channels: [8, 8, 8, 8] },
      }).network(new Map());
      const description = standard(encoder, 'lmd');
      const keys = keysOf((weights) => {
        buildModel(description, weights, { size: {} });
      });
      const tensors = new Map(Array.from(keys, ([key, dims]) => [key, float32Tensor(dims, [])] as const));
      const { network, decoders } = detectIn({ ...smpCheckpoint(unet), tensors });
      expect(network.variant).toEqual({ encoder: name, encoder_depth: '4' });
      expect(decoders).toEqual(expect.arrayContaining(['eed', 'lmd', 'abm']));
      expect(decoders).not.toContain('hd');
    },
  );
});

it('an encoder whose keys hold all of a known one is not taken for that', () => {
  const network = backboneOf('smp.unet', { encoder_name: 'resnet152' }).network(new Map());
  const own = network.own === undefined ? new Map() : ownKeys(network, network.own);
  const keys = Object.fromEntries([...network.keys, ...own]);
  const found = detectIn(seededCheckpoint({ keys }, 1)).network;
  expect(found).toMatchObject({ backbone: 'smp.unet', variant: { encoder: 'resnet152' } });
});
