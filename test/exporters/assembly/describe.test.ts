import { describe, expect, it } from '@jest/globals';
import { assumptionsOf } from '../../../exporters/assembly/assumptions.js';
import { describe as complete, detect, type Hints } from '../../../exporters/assembly/describe.js';
import { shapesOf } from '../../../exporters/assembly/export-model.js';
import { backboneOf } from '../../../exporters/backbones/index.js';
import { openCheckpoint } from '../../../exporters/checkpoints/open.js';
import { SOLVER_IDS } from '../../../exporters/decoders/solvers.js';
import { SettingsInUse } from '../../../exporters/nn/settings.js';
import { Weights } from '../../../exporters/nn/weights.js';
import { float32Tensor } from '../../../graph/ir/tensor.js';
import { cases, fixture } from '../../support/fixtures.js';

async function shapesIn(checkpoint: string) {
  const opened = await openCheckpoint(fixture('cases', checkpoint));
  opened.close();
  return shapesOf(opened);
}

it('everything a checkpoint tells is read off it, in every case', async () => {
  for (const entry of cases) {
    const detected = detect(entry.checkpoint, await shapesIn(entry.checkpoint));
    const expected = {
      network: { backbone: 'unet', inputChannels: 3, widths: entry.widths },
      classes: entry.classes,
      ...(entry.decoder === 'original'
        ? { decoders: ['original'] }
        : {
            decoders: entry.decoder === 'hd' ? ['hd'] : SOLVER_IDS.filter((id) => id !== 'hd'),
            nmode: { order: entry.order, kernel: entry.kernel, stateChannels: entry.stateChannels },
          }),
    };
    expect(detected).toMatchObject(expected);
    if (entry.decoder !== 'original') continue;
    const upsampling = entry.transposed ? 'transposed' : 'bilinear';
    expect(detected.network.own?.variant).toEqual({ upsampling });
  }
});

describe('what a checkpoint cannot tell is asked for, never guessed', () => {
  it.each([
    [
      'EED, LMD or ABM',
      'nmode-CR_B.zip.pth',
      { activation: 'gelu' },
      /`decoder: 'eed'`, `decoder: 'lmd'`.* or `decoder: '/,
    ],
    [
      'both at once',
      'nmode-CR_B.zip.pth',
      {},
      /`decoder: 'eed'`, `decoder: 'lmd'`.* or `decoder: '.*, and .* `activation`/,
    ],
    ['the activation', 'hd-CR_B.zip.pth', {}, /`activation` gelu or relu or tanh/],
    [
      'the activation, among those that there are',
      'hd-CR_B.zip.pth',
      { activation: 'swish' as 'gelu' },
      /`activation: 'swish'`, expected gelu or relu or tanh or none$/,
    ],
    [
      'a decoder that its keys deny',
      'hd-CR_B.zip.pth',
      { decoder: 'eed', activation: 'gelu' },
      /those of hd, not of eed/,
    ],
    ['nmODE of an original decoder', 'original.zip.pth', { decoder: 'lmd' }, /those of original, not of lmd/],
    [
      'an activation without meaning',
      'original.zip.pth',
      { activation: 'gelu' },
      /`activation` does not apply/,
    ],
    [
      'a form without meaning',
      'hd-CR_B.zip.pth',
      { activation: 'gelu', solverOptions: { form: 'paper' } },
      /`solverOptions\.form` does not apply/,
    ],
    [
      "a form of another solver's",
      'nmode-CR_B.zip.pth',
      { decoder: 'lmd', activation: 'gelu', solverOptions: { abmForm: 'paper' } },
      /`solverOptions\.abmForm` does not apply to lmd$/,
    ],
    [
      'a form that there is not',
      'nmode-CR_B.zip.pth',
      { decoder: 'abm', solverOptions: { form: 'textbook' } },
      /`solverOptions\.abmForm: 'textbook'`, expected release or paper$/,
    ],
  ] as const)('%s', async (_, checkpoint, told, says) => {
    const detected = detect(checkpoint, await shapesIn(checkpoint));
    expect(() => complete(checkpoint, detected, told)).toThrow(says);
    expect(() => complete(checkpoint, detected, told)).toThrow(
      expect.objectContaining({ code: 'BAD_USAGE' }),
    );
  });
});

describe('the steps of FuseUNet', () => {
  const fuse = async () => {
    const stored = await shapesIn('nmode-CR_B.zip.pth');
    const bare = [...stored].filter(([key]) => !key.includes('.sigma.'));
    return new Map(bare.map(([key, shape]) => [key.replace('.g.0.', '.g.'), shape]));
  };

  it('are known by a convolution that neither ReLU nor BatchNorm goes with', async () => {
    const { nmode, decoders } = detect('x.pth', await fuse());
    expect(nmode).toEqual({ order: 'C_R', kernel: 3, stateChannels: 3 });
    expect(decoders).toEqual(expect.arrayContaining(['eed', 'lmd', 'abm']));
    expect(decoders).not.toContain('hd');
  });

  it('have no activation between them, which is told as assumed where nobody says it', async () => {
    const detected = detect('x.pth', await fuse());
    const of = (told: Hints) => {
      const { decoder, head } = complete('x.pth', detected, told);
      const assumed = assumptionsOf({ decoder, head }, told, new SettingsInUse());
      return [decoder, assumed.map(({ option, value }) => `${option} ${value}`)];
    };
    expect(of({ decoder: 'abm' })).toEqual([
      expect.objectContaining({ activation: 'none', solverOptions: { form: 'release' } }),
      ['head sigmoid', 'abmForm release', 'activation none'],
    ]);
    expect(of({ decoder: 'abm', activation: 'tanh', solverOptions: { abmForm: 'paper' } })).toEqual([
      expect.objectContaining({ activation: 'tanh', solverOptions: { form: 'paper' } }),
      ['head sigmoid'],
    ]);
    expect(() => of({ decoder: 'lmd' })).toThrow('a checkpoint does not hold the activation between steps');
  });
});

it('unused, missing and misshapen keys are reported together', () => {
  const stored = new Map([
    ['right.weight', float32Tensor([2], [1, 2])],
    ['wrong.weight', float32Tensor([3], [1, 2, 3])],
    ['extra.weight', float32Tensor([1], [1])],
    ['norm.num_batches_tracked', float32Tensor([], [1])],
  ]);
  const weights = Weights.from((key) => stored.get(key), 'net.pth');
  weights.scope('right').take('weight', [2]);
  weights.scope('wrong').take('weight', [2]);
  weights.take('absent', [1]);
  expect(() => weights.finish(stored.keys())).toThrow(
    'net.pth: keys do not fit the network: 1 missing: absent; ' +
      '1 misshapen: wrong.weight is float32 [3], expected [2]; 1 unused: extra.weight; save the whole model.state_dict() of one training again',
  );
});

it('a negative variance, whose root is NaN, is refused with its key when it is read', () => {
  const weights = Weights.from(() => float32Tensor([2], [1, -1]), 'net.pth');
  const { source } = weights.take('bn.running_var', [2]);
  if (source.kind !== 'constant') throw new Error('a weight is a constant');
  expect(() => source.tensor.bytes()).toThrow(
    "net.pth: tensor 'bn.running_var': element 1 is a negative variance",
  );
});

it.each([Number.NaN, Number.POSITIVE_INFINITY])(
  'a weight of %d is refused with its key when it is read',
  (wrong) => {
    const weights = Weights.from(() => float32Tensor([3], [1, 2, wrong]), 'net.pth');
    const { source } = weights.take('w', [3]);
    if (source.kind !== 'constant') throw new Error('a weight is a constant');
    expect(() => source.tensor.bytes()).toThrow("net.pth: tensor 'w': element 2 is not a number or infinite");
  },
);

it('a weight that is read into memory that is there is checked as well', () => {
  const values = float32Tensor([3], [1, 2, Number.NaN]);
  const fill = (target: Uint8Array) => target.set(values.bytes());
  const { source } = Weights.from(() => ({ ...values, fill }), 'net.pth').take('w', [3]);
  if (source.kind !== 'constant') throw new Error('a weight is a constant');
  expect(() => source.tensor.fill?.(new Uint8Array(12))).toThrow(
    "net.pth: tensor 'w': element 2 is not a number",
  );
});

it('a decoder whose weights have too few axes is one, and its weights are told of when they are read', async () => {
  const shapes = new Map([...(await shapesIn('nmode-CR_B.zip.pth')), ['up1.g.0.weight', [3, 16]]]);
  expect(detect('x.pth', shapes).nmode).toEqual({ order: 'CR_B', kernel: 3, stateChannels: 3 });
});

it('an own decoder without a class is refused', async () => {
  const shapes = new Map(await shapesIn('original.zip.pth'));
  const [, ...rest] = shapes.get('outc.conv.weight') ?? [];
  expect(() => detect('x.pth', shapes.set('outc.conv.weight', [0, ...rest]))).toThrow(
    /^x\.pth: unet, but its last convolution gives no class/,
  );
});

it('an encoder alone is told, with its counters and its classifier or without', () => {
  const encoder = backboneOf('resnet18').network(new Map([['conv1.weight', [64, 3, 7, 7]]])).keys;
  const classifier = new Map([
    ...encoder,
    ['bn1.num_batches_tracked', []],
    ['fc.weight', [1000, 512]],
    ['fc.bias', [1000]],
  ]);
  const alone =
    'x.pth: resnet18, but the checkpoint holds an encoder alone: there is nothing to segment with';
  expect(() => detect('x.pth', encoder)).toThrow(alone);
  expect(() => detect('x.pth', classifier)).toThrow(alone);
  expect(() => detect('x.pth', new Map([...classifier, ['up.weight', [1]]]))).toThrow(
    'x.pth: resnet18, but no known decoder; beside those of its encoder, its keys begin up.weight',
  );
});

it('a network without a head, and one that nobody knows, are told apart', async () => {
  const shapes = new Map(await shapesIn('nmode-CR_B.zip.pth'));
  shapes.delete('outc.conv.weight');
  expect(() => detect('x.pth', shapes)).toThrow(/no head: the key outc\.conv\.weight is missing/);
  for (const shape of [[], [0, 3, 1, 1]]) {
    expect(() => detect('x.pth', new Map([...shapes, ['outc.conv.weight', shape]]))).toThrow(
      `no head: outc.conv.weight is [${shape.join(', ')}], expected [classes, channels, 1, 1]`,
    );
  }
  expect(() => detect('x.pth', new Map([['conv1.weight', [1]]]))).toThrow(
    /no known network .*begin conv1\.weight/,
  );
});
