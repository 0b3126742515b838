import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../../exporters/assembly/export-model.js';
import { planExport } from '../../../exporters/assembly/export-plan.js';
import { type Checkpoint, openCheckpoint, readReference } from '../../../exporters/checkpoints/open.js';
import type { SolverId } from '../../../exporters/decoders/solvers.js';
import { type GraftHints, graftDecoder, planGraft } from '../../../exporters/grafting/graft.js';
import type { Measure } from '../../../graph/analysis/features.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import type { Model } from '../../../graph/ir/model.js';
import { float32Values, type Tensor } from '../../../graph/ir/tensor.js';
import { measure } from '../../../src/measuring/measure.js';
import { fixture, parityOf } from '../../support/fixtures.js';
import { run, zeros } from '../../support/graph.js';

const read = (name: string): Model => parseModel(readFileSync(fixture('foreign', name)), name);
const unet = read('unet.onnx');
const lraspp = read('lraspp.onnx');

const levelOf = (level: number) =>
  `/down${level}/maxpool_conv/maxpool_conv.1/double_conv/double_conv.5/Relu_output_0`;
const skips = ['/inc/double_conv/double_conv.5/Relu_output_0', ...[1, 2, 3, 4].map(levelOf)];
const lrasppSkips = [
  '/backbone/backbone.0/backbone.0.2/HardSwish_output_0',
  '/backbone/backbone.2/block/block.0/block.0.2/Relu_output_0',
  '/backbone/backbone.4/block/block.0/block.0.2/HardSwish_output_0',
  '/backbone/backbone.12/backbone.12.2/HardSwish_output_0',
];

const unasked: Measure = () => {
  throw new Error('all sizes should have been inferred');
};

/** The U-Net of cases/nmode-CR_B, with the keys of the decoder that a scheme needs. */
async function checkpointFor(scheme: SolverId): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(fixture('cases', 'nmode-CR_B.safetensors'));
  if (scheme !== 'hd') return checkpoint;
  const { tensors } = await openCheckpoint(fixture('cases', 'hd-CR_B.safetensors'));
  const isEncoder = (key: string) => /^(inc|down)/.test(key);
  const encoder = [...checkpoint.tensors].filter(([key]) => isEncoder(key));
  return {
    ...checkpoint,
    tensors: new Map([...encoder, ...[...tensors].filter(([key]) => !isEncoder(key))]),
  };
}

/** The model for images of one size. */
function sized(model: Model, shape: readonly number[]): Model {
  const [image] = model.graph.inputs;
  const fixed = { name: image?.name ?? '', type: { dtype: 'float32', shape } } as const;
  return { ...model, graph: { ...model.graph, inputs: [fixed] } };
}

const lmd = { decoder: 'lmd', activation: 'gelu', skips } as const;

async function grafted(model: Model, told: Partial<GraftHints> = {}) {
  return graftDecoder(
    model,
    await checkpointFor(told.decoder === 'hd' ? 'hd' : 'lmd'),
    planGraft({ ...lmd, ...told }),
    unasked,
  );
}

async function gridInput(): Promise<Tensor> {
  const tensor = (await readReference(fixture('cases', 'grid.io.safetensors'))).get('input');
  if (tensor === undefined) throw new Error('no input');
  return tensor;
}

const ofUnet = (message: RegExp | string, told: Partial<GraftHints>, model = unet) =>
  expect(grafted(model, told)).rejects.toThrow(message);

describe("on PyTorch's export of the original U-Net", () => {
  for (const decoder of ['eed', 'hd', 'lmd'] as const) {
    it(`${decoder} gives what the U-Net with ${decoder} gives, at open sizes and at a fixed one`, async () => {
      const input = await gridInput();
      const feed = { dims: input.dims, data: float32Values(input) };
      const told = { decoder, activation: 'tanh' } as const;
      const own = exportCheckpoint(await checkpointFor(decoder), planExport({ ...told, size: {} })).model;
      const expected = (await run(own, { input: feed })).mask?.data ?? [];
      expect(expected.length).toBe(2 * 48 * 32);
      for (const encoder of [unet, sized(unet, input.dims)]) {
        const { model } = await grafted(encoder, told);
        const found = (await run(model, { image: feed })).mask?.data ?? [];
        const worst = expected.reduce(
          (most, value, at) => Math.max(most, Math.abs(value - (found[at] ?? 9))),
          0,
        );
        expect(worst).toBeLessThanOrEqual(1e-6);
      }
    });
  }

  it('keeps what the skips need and nothing of the old decoder', async () => {
    const { model, notes } = await grafted({ ...unet, metadata: new Map([['who', 'someone']]) });
    expect({ ...model, graph: undefined, metadata: undefined }).toEqual({
      ...unet,
      graph: undefined,
      metadata: undefined,
    });
    expect(model.graph.inputs).toEqual(unet.graph.inputs);
    expect(model.graph.nodes.slice(0, 22)).toEqual(unet.graph.nodes.slice(0, 22));
    const rest = [...model.graph.nodes.slice(22).map(({ name }) => name), ...model.graph.initializers.keys()];
    expect(rest.filter((name) => /up\d\/conv|up\d\/up/.test(name))).toEqual([]);
    expect(model.graph.outputs).toEqual([
      { name: 'mask', type: { dtype: 'float32', shape: ['N', 1, 'H', 'W'] } },
    ]);
    expect(notes).toEqual([
      expect.stringMatching(/^left aside: 70 keys that are no decoder's: inc\.double_conv/),
    ]);
    expect(Object.fromEntries(model.metadata)).toEqual({
      who: 'someone',
      'nmode.widths': '2,4,8,16,16',
      'nmode.scales': '1,2,4,8,16',
      'nmode.skips': JSON.stringify(skips),
      'nmode.classes': '1',
      'nmode.decoder': 'lmd',
      'nmode.head': 'sigmoid',
      'nmode.size_multiple': '16',
      'nmode.order': 'CR_B',
      'nmode.kernel': '3',
      'nmode.state_channels': '3',
      'nmode.activation': 'gelu',
      'nmode.lmd_form': 'release',
      'nmode.source.file': 'nmode-CR_B.safetensors',
      'nmode.source.sha256': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('the operators of a decoder are those of every opset from 13 on', async () => {
    const sums: number[] = [];
    for (const opset of [13, 16, 18, 21]) {
      const { model } = await grafted({ ...unet, opsets: new Map([['', opset]]) }, { decoder: 'hd' });
      const { mask } = await run(model, { image: [1, 3, 16, 32] });
      sums.push(mask?.data.reduce((sum, value) => sum + value, 0) ?? 0);
    }
    expect(sums[0]).toBeGreaterThan(0);
    expect(new Set(sums).size).toBe(1);
  });

  it('a second graft takes the place of the first', async () => {
    const first = await grafted(unet, { decoder: 'eed', recipe: { sizing: { kind: 'pad', multiple: 32 } } });
    const second = await grafted(first.model);
    const bytesOf = (model: Model) => Buffer.from(encodeModel({ ...model, metadata: new Map() }));
    expect(bytesOf(second.model).equals(bytesOf((await grafted(unet)).model))).toBe(true);
    expect(JSON.parse(second.model.metadata.get('nmode.recipe') ?? '')).toEqual({
      normalization: { kind: 'min-max' },
      sizing: { kind: 'pad', multiple: 32 },
    });
  });

  it('the recipe is the one told, at a size that the network takes', async () => {
    const recipe = { normalization: { kind: 'unit' } } as const;
    const sizing = async (model: Model) =>
      JSON.parse((await grafted(model, { recipe })).model.metadata.get('nmode.recipe') ?? '').sizing;
    expect(await sizing(unet)).toEqual({ kind: 'resize', height: 256, width: 256 });
    expect(await sizing(sized(unet, [1, 3, 64, 96]))).toEqual({ kind: 'resize', height: 64, width: 96 });
    const sizes = (multiple: number) => ({ recipe: { sizing: { kind: 'pad', multiple } } }) as const;
    await ofUnet('images are padded to multiples of 8, the network needs multiples of 16', sizes(8));
    const mean = { normalization: { kind: 'mean-std', mean: [1, 2], std: [1, 1] } } as const;
    await ofUnet('the recipe has a mean and std of 2 channels, the model takes 3', { recipe: mean });
    const window = { centre: 100, width: 50 };
    const { normalization } = JSON.parse(
      (await grafted(unet, { decoder: 'eed', recipe, window })).model.metadata.get('nmode.recipe') ?? '',
    );
    expect(normalization).toEqual({ kind: 'window', ...window });
    const odd = { ...unet, metadata: new Map([['nmode.recipe', '{}']]) };
    await expect(grafted(odd)).rejects.toMatchObject({
      code: 'BAD_MODEL',
      message: expect.stringMatching(/^its metadata nmode\.recipe: not a recipe: a recipe has nothing/),
    });
    const small = sized(unet, [1, 3, 64, 96]);
    await ofUnet('images are padded to multiples of 16, the network needs 64x96', sizes(16), small);
  });

  it('--init is the release’s decoder with the same weights each time', async () => {
    const told = { decoder: 'hd', skips } as const;
    const [first, second] = await Promise.all([
      graftDecoder(unet, undefined, planGraft(told), unasked),
      graftDecoder(unet, undefined, planGraft(told), unasked),
    ]);
    expect(Buffer.compare(encodeModel(first.model), encodeModel(second.model))).toBe(0);
    expect(first.decoder).toMatchObject({ order: 'CR_B', kernel: 3, stateChannels: 3, activation: 'gelu' });
    const bound = 1 / Math.sqrt(9 * 16);
    for (const name of ['up1.g.0.weight', 'up1.g.0.bias']) {
      const weight = first.model.graph.initializers.get(name);
      const values = Array.from(weight ? float32Values(weight) : []);
      const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      expect(most).toBeLessThanOrEqual(bound);
      expect(most).toBeGreaterThan(0.5 * bound);
    }
    await expect(graftDecoder(unet, undefined, planGraft({ skips }), unasked)).rejects.toThrow(
      '`init: true`: choose the decoder with `decoder` eed or hd or lmd',
    );
  });
});

describe("on PyTorch's export of torchvision's LR-ASPP", () => {
  for (const decoder of ['eed', 'hd', 'lmd'] as const) {
    it(`${decoder} gives what PyTorch gives`, async () => {
      const weights = `lraspp-${decoder === 'hd' ? 'hd' : 'nmode'}.safetensors`;
      const told = { decoder, activation: 'gelu', skips: lrasppSkips } as const;
      const checkpoint = await openCheckpoint(fixture('foreign', weights));
      const { model, sizeMultiple } = await graftDecoder(lraspp, checkpoint, planGraft(told), measure);
      const bytes = encodeModel(model);
      checkpoint.close();
      expect(sizeMultiple).toBe(16);
      const reference = await readReference(fixture('foreign', `lraspp-${decoder}.io.safetensors`));
      for (const level of ['all', 'disabled'] as const) {
        expect(await parityOf(bytes, reference, level)).toMatchObject({ pass: true });
      }
    });
  }
});

describe('what is refused', () => {
  it('a name that no tensor has: with the closest, or what a node of that name computes', async () => {
    await ofUnet(`no tensor is named 'Relu_output'; \`proposeSkips\` proposes some`, {
      skips: ['Relu_output'],
    });
    await ofUnet(
      `no tensor is named '${levelOf(5)}'; the closest are ${levelOf(1)}, ${levelOf(2)}, ${levelOf(3)}; \`proposeSkips\` proposes some`,
      { skips: [...skips.slice(0, 4), levelOf(5)] },
    );
    const node = '/inc/double_conv/double_conv.5/Relu';
    await ofUnet(`'${node}' is a node, not a tensor: it computes ${node}_output_0`, { skips: [node] });
    await ofUnet('no skips are named: `proposeSkips` proposes some', { skips: [] });
  });

  it('an order that is not from shallow to deep: with the right one', async () => {
    const wrong = [2, 1, 0, 3, 4].map((at) => skips[at] ?? '');
    await ofUnet(`the skips have the scales 4, 2, 1, 8, 16, expected shallow to deep: ${skips.join(',')}`, {
      skips: wrong,
    });
  });

  it('sizes that the levels do not divide', async () => {
    await ofUnet(
      `tensor '${levelOf(4)}' is float32 [1, 16, 2, 2], the image [1, 3, 40, 40]: expected its height and width divided by the same whole number at every size; name another tensor, or export the model for a height and a width that its levels divide`,
      {},
      sized(unet, [1, 3, 40, 40]),
    );
  });

  it('a tensor that is not an image', async () => {
    await ofUnet(/^tensor '\/up1\/Shape_output_0' is int64 \[4\], expected float32 \[N, C, H, W\]$/, {
      skips: ['/up1/Shape_output_0'],
    });
  });

  it('another number of skips than of steps', async () => {
    await ofUnet('nmode-CR_B.safetensors: its decoder has 5 steps, 4 skips are named: each step takes one', {
      skips: skips.slice(1),
    });
  });

  it('a skip of other channels than its step takes', async () => {
    const inner = '/down4/maxpool_conv/maxpool_conv.0/MaxPool_output_0';
    const narrow = '/down2/maxpool_conv/maxpool_conv.0/MaxPool_output_0';
    await grafted(unet, { skips: [...skips.slice(0, 4), inner] });
    await ofUnet(`nmode-CR_B.safetensors: step up3 takes 8 channels, its skip '${narrow}' has 4`, {
      skips: skips.with(2, narrow),
    });
  });

  it('weights without a decoder, and what contradicts them', async () => {
    const original = await openCheckpoint(fixture('cases', 'original.zip.pth'));
    await expect(graftDecoder(unet, original, planGraft(lmd), unasked)).rejects.toThrow(
      'original.zip.pth: no nmODE decoder: it has neither up1.g.weight nor up1.g.0.weight',
    );
    original.close();
    const left = async (told: Omit<GraftHints, 'skips'>) =>
      graftDecoder(unet, await checkpointFor('lmd'), planGraft({ skips, ...told }), unasked);
    await expect(left({})).rejects.toThrow(
      /choose one with `decoder: 'eed'`, `decoder: 'lmd'`.* or `decoder: '/,
    );
    await expect(left({ decoder: 'eed' })).rejects.toThrow(/does not hold the activation between steps/);
    await expect(left({ decoder: 'hd' })).rejects.toThrow(/keys are those of eed or lmd.*, not of hd/);
  });

  it('weights with several decoders, unless one is told', async () => {
    const { tensors, ...checkpoint } = await checkpointFor('lmd');
    const below = (...prefixes: string[]) => ({
      ...checkpoint,
      tensors: new Map(
        prefixes.flatMap((prefix) => Array.from(tensors, ([key, tensor]) => [`${prefix}${key}`, tensor])),
      ),
    });
    const from = (held: Checkpoint) => graftDecoder(unet, held, planGraft(lmd), unasked);
    await expect(from(below('student.', 'teacher.'))).rejects.toThrow(
      "it holds 2 decoders, below 'student.', 'teacher.': choose one with `prefix`",
    );
    await expect(from({ ...below('student.', 'teacher.'), prefix: 'module.' })).rejects.toThrow(
      "below 'module.student.', 'module.teacher.': choose one",
    );
    const { notes, model } = await from(below('net.'));
    expect(notes[0]).toBe("the network is below 'net.' in the state dict");
    expect(model.metadata.get('nmode.source.prefix')).toBe('net.');
  });

  it('several classes without a head, and settings of what a decoder has not', async () => {
    const checkpoint = await checkpointFor('lmd');
    const [weight, bias] = [zeros([4, 3, 1, 1]), zeros([4])];
    const tensors = new Map([
      ...checkpoint.tensors,
      ...([
        ['outc.conv.weight', weight],
        ['outc.conv.bias', bias],
      ] as const),
    ]);
    const classes = { ...checkpoint, tensors };
    await expect(graftDecoder(unet, classes, planGraft(lmd), unasked)).rejects.toThrow(
      /^nmode-CR_B\.safetensors: 4 classes, .* give `head: 'softmax'`/,
    );
    const { model } = await graftDecoder(unet, classes, planGraft({ ...lmd, head: 'softmax' }), unasked);
    expect(model.metadata.get('nmode.head')).toBe('softmax');
    const pooled = { ...lmd, pooling: 'average' } as const;
    await expect(graftDecoder(unet, checkpoint, planGraft(pooled), unasked)).rejects.toThrow(
      '`pooling` does not apply: there is no maximum pooling among the layers that are written',
    );
  });

  it('an opset that is not lifted to one with the operators of a decoder', async () => {
    const of = (opset: number) => ({ ...unet, opsets: new Map([['', opset]]) });
    await ofUnet('opset 5 is too old to be lifted: 6 is the oldest', {}, of(5));
    const { model, notes } = await grafted(of(11), {});
    expect([model.opsets.get(''), notes[0]]).toEqual([13, 'lifted from opset 11 to 13']);
  });
});
