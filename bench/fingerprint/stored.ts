/** Models of the checkpoints and .onnx files that lie in fixtures/. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { graft, optimizeModel, proposeSkips } from '../../src/index.js';
import { channelCases, hintsOfChannels } from '../../test/support/channels.js';
import { type Case, cases, fixture, releaseCases, toldBy } from '../../test/support/fixtures.js';
import { Strided } from '../../test/support/own.js';
import { exported, type Hints, SMALL, type Source, type Variants } from './source.js';

/** @param reads the checkpoint, or the files of the folder that is one */
function stored(
  name: string,
  variants: Variants,
  checkpoint: string,
  hints: Hints,
  reads: readonly string[] = [checkpoint],
): Source {
  return {
    ...exported(
      name,
      variants,
      () => fixture(checkpoint),
      () => hints,
    ),
    reads,
  };
}

const EED = { decoder: 'eed', activation: 'gelu' } as const;

export function storedSources(): readonly Source[] {
  return [
    ...cases.map(ofCase),
    ...releaseCases.map(({ name, checkpoint, ...entry }) =>
      stored(`release/${name}`, 'fp32', join('release', checkpoint), toldBy(entry)),
    ),
    ...trained(),
    stored('trained/grey', 'fp32', 'trained/unet-eed-w8-grey-isic2018.pth', {
      ...{ ...EED, grey: 'luma' },
      size: SMALL,
    }),
    stored('own/strided', 'all', 'own/strided.pth', {
      ...{ backbone: Strided, decoder: 'lmd', activation: 'gelu' },
      size: {},
    }),
    stored('plain/handwritten', 'rewritten', 'plain/handwritten.pth', {
      reference: fixture('plain', 'handwritten.safetensors'),
      size: SMALL,
    }),
    stored('slim/teacher', 'fp32', 'slim/teacher.pth', { size: SMALL }),
    ...readdirSync(fixture('strangers')).map((name) =>
      stored(`strangers/${name}`, 'plain', join('strangers', name), {}),
    ),
    ...readdirSync(fixture('wrapped'))
      .filter((name) => name !== 'reference.safetensors')
      .map((name) => stored(`wrapped/${name}`, 'plain', join('wrapped', name), WRAPPED)),
    ...[1, 2, 5].map((classes) =>
      stored(`labels/${classes}`, 'rewritten', `labels/${classes}.pth`, {
        ...{ ...EED, size: { batch: 1, height: 24, width: 32 } },
        ...(classes > 1 && { head: 'softmax' }),
      }),
    ),
    ...channels(),
    ...folders(),
    ...foreign(),
    ...grafts(),
  ];
}

const WRAPPED = { assume: '1.norm-act.relu.bare-up.max.up-first', size: { height: 16, width: 16 } };

/** Of the grid, an order and an activation with which each decoder's models are lowered. */
const LOWERED = ['eed CR_B gelu', 'eed C_RB tanh', 'hd CB_R gelu', 'lmd C_BR relu'];

const networkOf = ({ io, decoder, order, activation }: Case) => `${io} ${decoder} ${order} ${activation}`;

function ofCase(entry: Case, at: number): Source {
  const { name, checkpoint, decoder } = entry;
  const network = networkOf(entry);
  const isFirst = cases.findIndex((other) => networkOf(other) === network) === at;
  const isLowered =
    decoder === 'original' || LOWERED.some((form) => network === `grid.io.safetensors ${form}`);
  const variants = isFirst ? (isLowered ? 'all' : 'fp32') : 'plain';
  return stored(`cases/${name}`, variants, join('cases', checkpoint), { ...toldBy(entry), size: SMALL });
}

/** One checkpoint with what else an export may be told. */
function trained(): readonly Source[] {
  const plain: Readonly<Record<string, Hints>> = {
    default: {},
    open: { size: {} },
    batch: { size: { ...SMALL, batch: 2 } },
    ...Object.fromEntries([13, 14, 15, 16, 18].map((opset) => [`opset-${opset}`, { size: SMALL, opset }])),
  };
  const lowered: Readonly<Record<string, Hints>> = {
    small: { size: SMALL },
    image: { size: SMALL, io: 'image' },
    logits: { size: SMALL, head: 'none' },
  };
  const checkpoint = 'trained/unet-eed-w16-isic2018.pth';
  return Object.entries({ ...plain, ...lowered }).map(([name, more]) =>
    stored(`trained/${name}`, name in lowered ? 'all' : 'fp32', checkpoint, { ...EED, ...more }),
  );
}

/** Networks of other channels, whose images are prepared outside of the graph or in it. */
const channels = () =>
  channelCases.flatMap((each) =>
    (['tensor', 'image'] as const).map((io) =>
      stored(`channels/${each.name}-${io}`, 'plain', join('channels', each.checkpoint), {
        ...hintsOfChannels(each),
        io,
      }),
    ),
  );

/** What libraries save as a folder. */
function folders(): readonly Source[] {
  const final = (fold: number) => `fold_${fold}/checkpoint_final.pth`;
  const training = 'nnunet/results/nnUNetTrainer__nnUNetPlans__2d_bs4';
  const [colours, parts] = ['nnunet/masks/colours/trained', 'nnunet/masks/channels/trained'];
  return [
    stored('smp/best', 'fp32', 'smp/best', { size: SMALL }, ['smp/best/model.safetensors']),
    stored('monai/bundle', 'all', 'monai/bundle', { size: SMALL }, ['monai/bundle/models/model.pt']),
    stored('nnunet/results', 'all', 'nnunet/results', {}, [join(training, final(0))]),
    stored(
      'nnunet/colours',
      'rewritten',
      colours,
      {},
      [0, 1].map((fold) => join(colours, final(fold))),
    ),
    stored('nnunet/channels', 'rewritten', parts, {}, [join(parts, final(0))]),
    stored('abm/fuseunet', 'rewritten', 'abm/checkpoint_final.pth', {}),
  ];
}

function foreign(): readonly Source[] {
  const of = (name: string, variants: Variants, file = name, more: object = {}): Source => {
    const path = `foreign/${file}.onnx`;
    const make: Source['make'] = (output, options) =>
      optimizeModel({ model: fixture(path), output, ...more, ...options });
    return { name: `foreign/${name}`, variants, reads: [path], make };
  };
  return [
    of('lraspp', 'all'),
    of('unet', 'all'),
    of('opset9', 'fp32'),
    of('opset9-frozen', 'all', 'opset9', { freeze: true }),
  ];
}

function grafts(): readonly Source[] {
  const model = fixture('foreign', 'lraspp.onnx');
  return (['eed', 'hd', 'lmd'] as const).map((decoder) => {
    const path = `foreign/lraspp-${decoder === 'hd' ? 'hd' : 'nmode'}.safetensors`;
    // With it, fp32 is not compared on images, where random weights amplify rounding.
    const reference = fixture('foreign', `lraspp-${decoder}.io.safetensors`);
    const told = { model, weights: fixture(path), reference, decoder, activation: 'gelu' } as const;
    const make: Source['make'] = async (output, options) => {
      const skips = (await proposeSkips(model)).skips.map(({ tensor }) => tensor);
      return graft({ ...told, skips, output, ...options });
    };
    return {
      name: `grafts/lraspp-${decoder}`,
      variants: decoder === 'eed' ? 'all' : 'fp32',
      reads: [path],
      make,
    };
  });
}
