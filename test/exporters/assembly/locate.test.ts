/** Networks among other things: what surrounds one is left aside and told, what is amiss within it is an error. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../../exporters/assembly/export-model.js';
import { planExport } from '../../../exporters/assembly/export-plan.js';
import { BACKBONES, backboneOf } from '../../../exporters/backbones/index.js';
import { type Checkpoint, openCheckpoint } from '../../../exporters/checkpoints/open.js';
import { UnreadableTensor } from '../../../exporters/checkpoints/unreadable.js';
import { encodeModel } from '../../../graph/file/write.js';
import { float32Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { fixture } from '../../support/fixtures.js';

const opened = await openCheckpoint(fixture('cases', 'nmode-CR_B.zip.pth'));
const original = await openCheckpoint(fixture('cases', 'original.zip.pth'));
afterAll(() => {
  opened.close();
  original.close();
});

const odd = float32Tensor([1, 2, 1, 1], [1, 2]);
const renamed = ({ tensors }: Checkpoint, rename: (key: string) => string): [string, Tensor][] =>
  Array.from(tensors, ([key, tensor]) => [rename(key), tensor]);
const below = (prefix: string, checkpoint = opened) => renamed(checkpoint, (key) => `${prefix}${key}`);

function exportOf(
  tensors: Iterable<readonly [string, Tensor]>,
  told: object = { decoder: 'eed', activation: 'gelu' },
) {
  return exportCheckpoint({ ...opened, tensors: new Map(tensors) }, planExport({ ...told, size: {} }));
}

const plain = encodeModel({ ...exportOf(opened.tensors).model, metadata: new Map() });
const isPlain = (exported: ReturnType<typeof exportOf>) =>
  Buffer.compare(encodeModel({ ...exported.model, metadata: new Map() }), plain) === 0;

describe('any prefix is found by the keys below it', () => {
  it.each([...['net.', 'segmentor.', 'state_dict.model.', '0.', 'a.b.c.d.e.f.', 'net/', 'my_']])(
    '%s',
    (prefix) => {
      const exported = exportOf([...below(prefix), ['criterion.pos_weight', odd]]);
      expect(isPlain(exported)).toBe(true);
      const { model, notes } = exported;
      expect([exported.prefix, exported.leftAside]).toEqual([prefix, ['criterion.pos_weight']]);
      expect(model.metadata.get('nmode.source.prefix')).toBe(prefix);
      expect(model.metadata.get('nmode.source.left_aside')).toBe('1 key: criterion.pos_weight');
      expect(notes).toEqual([
        `the network is below '${prefix}' in the state dict`,
        'left aside: 1 key that is no part of unet: criterion.pos_weight; a network that uses it is another one, which `reference` shows',
      ]);
    },
  );

  it('of encoders of torchvision, bare and below encoder.', () => {
    const { keys } = backboneOf('resnet18').network(new Map());
    const bare = Array.from(keys, ([key, dims]): [string, Tensor] => [
      key.replace('encoder.', 'model.backbone.'),
      float32Tensor(dims, new Float32Array(dims.reduce((product, dim) => product * dim, 1))),
    ]);
    expect(() => exportOf([...bare, ['loss.w', odd]])).toThrow(
      /resnet18, but the checkpoint holds an encoder alone/,
    );
  });

  it("DataParallel's wrappers within keys are no part of them", () => {
    expect(isPlain(exportOf(renamed(opened, (key) => key.replace('inc.', 'inc.module.'))))).toBe(true);
  });

  it('a whole network is preferred to its copies, which are left aside', () => {
    const copies = below('ema_model.').map(([key, { view: _, ...tensor }]) => [key, tensor] as const);
    const exported = exportOf([...copies, ...opened.tensors]);
    expect(isPlain(exported)).toBe(true);
    expect(exported.prefix).toBe('');
    expect(exported.leftAside).toHaveLength(92);
  });

  it('of what is there under two names, in one memory, nothing is left aside', () => {
    expect(exportOf([...below('ema_model.'), ...opened.tensors]).leftAside).toEqual([]);
  });

  it('a network is preferred to what is none, a generator to its discriminator', () => {
    const exported = exportOf([...below('netG.'), ['netD.main.0.weight', odd]]);
    expect([exported.prefix, exported.leftAside]).toEqual(['netG.', ['netD.main.0.weight']]);
  });

  it.each([
    ['student.', 'teacher.', opened, opened],
    ['a.', 'b.', opened, original],
  ])('of two networks, %s and %s, none is guessed', (one, other, first, second) => {
    expect(() => exportOf([...below(one, first), ...below(other, second)])).toThrow(
      `it holds 2 networks, unet below '${one}', unet below '${other}': choose one with \`prefix\``,
    );
  });
});

describe('keys that the network does not use', () => {
  it.each([
    ...['criterion.pos_weight', 'loss.weight', 'rng_state', 'mean', 'std', 'ema.decay', 'aux.0.weight'],
    ...['ds_heads.0.weight', 'outc_aux.conv.weight', 'optimizer.state.exp_avg'],
  ])('outside of it are left aside: %s', (key) => {
    const exported = exportOf([...opened.tensors, [key, odd]]);
    expect(isPlain(exported)).toBe(true);
    expect(exported.leftAside).toEqual([key]);
  });

  it.each(['down1.maxpool_conv.1.se.weight', 'inc.double_conv.6.weight', 'up9.conv.weight', 'down7.weight'])(
    'within it make it another network: %s',
    (key) => {
      for (const prefix of ['', 'net.']) {
        expect(() => exportOf([...below(prefix), [`${prefix}${key}`, odd]])).toThrow(
          `keys do not fit the network: 1 unused: ${key} (\`ignore\` skips keys)`,
        );
      }
    },
  );

  it('endless keys and control characters are cut out of notes and metadata', () => {
    const { notes, model } = exportOf([...opened.tensors, [`loss\u001b[2J.${'x'.repeat(1e5)}`, odd]]);
    for (const text of [notes[0] ?? '', model.metadata.get('nmode.source.left_aside') ?? '']) {
      expect(text).toMatch(/^[^\p{Cc}]{1,400}$/u);
    }
  });

  it('counters are not worth telling', () => {
    expect(exportOf(opened.tensors).leftAside).toEqual([]);
  });
});

describe('tensors that cannot be read', () => {
  const unreadable = new UnreadableTensor([2, 3, 3, 3], 'is quantized: save the float model');
  it('are named where the network needs them', () => {
    expect(() => exportOf([...opened.tensors, ['inc.double_conv.0.weight', unreadable]])).toThrow(
      /^nmode-CR_B\.zip\.pth: tensor 'inc\.double_conv\.0\.weight' is quantized: save the float model$/,
    );
  });

  it('are named where they hide what the network is', () => {
    const hidden = new UnreadableTensor([], 'is nested');
    expect(() => exportOf([...opened.tensors, ['inc.double_conv.0.weight', hidden]])).toThrow(
      /^nmode-CR_B\.zip\.pth: tensor 'inc\.double_conv\.0\.weight' is nested; no known network/,
    );
  });

  it('are left aside elsewhere', () => {
    expect(exportOf([...opened.tensors, ['criterion.w', unreadable]]).leftAside).toEqual(['criterion.w']);
  });
});

it.each([
  [
    'inc.double_conv.0.weight',
    /closest is unet: 59 of the 60 keys .* 1 missing: inc\.double_conv\.0\.weight; where it is that, save the whole model/,
  ],
  ['outc.conv.weight', /unet, but no head: the key outc\.conv\.weight is missing; save the whole model/],
])('a network without %s is nearly known, and its keys are said to be missing', (missing, message) => {
  const rest = [...opened.tensors].filter(([key]) => key !== missing);
  expect(() => exportOf(rest)).toThrow(message);
});

it('a network that nobody knows is told the two ways on, however long its keys are', () => {
  const ways =
    /write its encoder with defineBackbone \(docs\/backbones\.md\), or .*torch\.onnx\.export.*nmode graft or nmode optimize$/;
  const long = 'stage.'.repeat(60);
  expect(() => exportOf([[`${long}weight`, odd]])).toThrow(ways);
  const close = [...opened.tensors].filter(([key]) => !/^(inc|down[12])\./.test(key));
  expect(() => exportOf([...close, [`${long}w`, odd]])).toThrow(ways);
  const misshapen = renamed(opened, (key) => key).map(([key]): [string, Tensor] => [key, odd]);
  misshapen.push(['inc.double_conv.0.bias', float32Tensor([1], [1])]);
  expect(() => exportOf(misshapen)).toThrow(ways);
});

it.each(BACKBONES.map((backbone) => [backbone.id, backbone] as const))(
  '%s says its first keys, without which nothing of it is constructed',
  (_id, { stems = [], network }) => {
    const { keys } = network(new Map());
    expect(stems.some((stem) => keys.has(stem))).toBe(true);
  },
);
