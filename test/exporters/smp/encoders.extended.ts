import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../../../exporters/assembly/build.js';
import { standard } from '../../../exporters/assembly/describe.js';
import type { NamedArguments } from '../../../exporters/backbones/backbone.js';
import { backboneOf } from '../../../exporters/backbones/index.js';
import { ENCODERS, encoderNamed } from '../../../exporters/backbones/smp/encoders/index.js';
import { readReference } from '../../../exporters/checkpoints/open.js';
import { Weights } from '../../../exporters/nn/weights.js';
import { encodeModel } from '../../../graph/file/write.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { fixture, paritiesOf } from '../../support/fixtures.js';
import { PUBLISHED } from '../../support/published-solvers.js';
import { seeded, seededWith } from '../../support/seeded.js';

interface Figures {
  readonly variance: number;
  readonly channels: readonly number[];
  readonly cases: Readonly<Record<string, Case>>;
}

/** A network's class and its arguments. */
interface Case extends NamedArguments {
  readonly _model_class: string;
  /** Between PyTorch's float32 and float64. */
  readonly difference: number;
}

const { variance, channels, cases }: Figures = JSON.parse(
  readFileSync(fixture('smp', 'encoders.json'), 'utf8'),
);

/** Deep features weigh little in these logits, of 0.24 at most: 1e-5 would let a wrong one pass. */
const TOLERANCE = 1e-6;

const unetOn = (name: string) =>
  backboneOf('smp.unet', { encoder_name: name, decoder_channels: channels }).network(new Map());

describe('an encoder gives what smp gives on it, as built and rewritten', () => {
  it.each(Object.entries(cases))('%s', async (name, { _model_class, difference, ...args }) => {
    const { own, ...network } = backboneOf(`smp.${_model_class.toLowerCase()}`, args).network(new Map());
    if (own === undefined) throw new Error('no decoder');
    const description = { network, classes: 1, head: 'none', decoder: { id: 'original', own } } as const;
    const built = buildModel(description, Weights.from(seededWith(variance)), { size: {} });
    const outputs = await readReference(fixture('smp', 'encoders.safetensors'));
    const mask = outputs.get(name);
    if (mask === undefined) throw new Error(`no output of ${name}`);
    const reference = new Map([
      ['input', seeded('input', [1, 3, 64, 32])],
      ['mask', mask],
    ]);
    for (const model of [built, optimize(built).model]) {
      const [parity] = await paritiesOf(encodeModel(model), [reference], 'all');
      expect(parity?.maxAbs).toBeLessThanOrEqual(Math.max(TOLERANCE, 2 * difference));
    }
  });
});

describe('an nmODE decoder on an encoder of smp gives what PyTorch gives', () => {
  it.each([
    ['vgg11', 'eed'],
    ['densenet121', 'hd'],
    ['mit_b0', 'lmd'],
  ] as const)('%s, %s', async (name, decoder) => {
    const outputs = await readReference(fixture('smp', 'nmode.safetensors'));
    const mask = outputs.get(`${name}.${decoder}`);
    if (mask === undefined) throw new Error(`no output of ${name}`);
    const weights = Weights.from(seededWith(variance));
    const built = buildModel(standard(unetOn(name), decoder), weights, { size: {} });
    const reference = new Map([
      ['input', seeded('input', [1, 3, 64, 32])],
      ['mask', mask],
    ]);
    for (const model of [built, optimize(built).model]) {
      const [parity] = await paritiesOf(encodeModel(model), [reference], 'all');
      expect(parity?.maxAbs).toBeLessThanOrEqual(4e-6);
    }
  });
});

/** As torchvision has it, with a variance of its own (fixtures/encoders). */
it.each(PUBLISHED)('%s on ResNet-18 gives what PyTorch gives', async (decoder) => {
  const { variances } = JSON.parse(readFileSync(fixture('encoders', 'encoders.json'), 'utf8'));
  const weights = Weights.from(seededWith(variances.resnet18));
  const built = buildModel(standard(unetOn('resnet18'), decoder), weights, { size: {} });
  const outputs = await readReference(fixture('encoders', 'outputs.safetensors'));
  const mask = outputs.get(`resnet18.${decoder}.1x3x64x32`);
  if (mask === undefined) throw new Error('no output');
  const reference = new Map([
    ['input', seeded('input', [1, 3, 64, 32])],
    ['mask', mask],
  ]);
  const [parity] = await paritiesOf(encodeModel(built), [reference], 'all');
  expect(parity?.maxAbs).toBeLessThanOrEqual(4e-6);
});

it('every encoder has features at whole strides, all of which an nmODE decoder takes', () => {
  for (const { name, first } of ENCODERS) {
    const network = unetOn(name);
    const strides = network.scales.map(([height]) => height);
    expect(strides).toEqual([1, 2, 4, 8, 16, 32].slice(first));
    const { decoder } = standard(network, 'eed');
    expect(decoder.id).toBe('eed');
  }
  expect(new Set(ENCODERS.map(({ name }) => name)).size).toBe(ENCODERS.length);
});

it('names that smp reads as others are those', () => {
  expect(encoderNamed('timm-mobilenetv3_large_100')?.name).toBe('tu-tf_mobilenetv3_large_100');
  expect(encoderNamed('tu-resnet18.a1_in1k')?.name).toBe('tu-resnet18');
  expect(encoderNamed('tu-regnety_002')).toBeUndefined();
});
