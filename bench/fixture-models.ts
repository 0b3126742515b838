/** Every checkpoint and every .onnx file of fixtures/, as what models are made of. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { backboneOf } from '../exporters/backbones/index.js';
import type { Tensor } from '../graph/ir/tensor.js';
import {
  type ExportModelOptions,
  exportModel,
  graft,
  optimizeModel,
  proposeSkips,
  type TransformOptions,
} from '../src/index.js';
import { safetensors } from '../test/support/craft.js';
import { type Case, cases, fixture, releaseCases, toldBy } from '../test/support/fixtures.js';
import { type KinCase, kinCases, kinCheckpoint, toldByKin } from '../test/support/kin.js';
import { Strided } from '../test/support/own.js';
import { seededWith } from '../test/support/seeded.js';
import { settingCases } from '../test/support/settings.js';
import { seededModel } from './networks.js';

export interface Source {
  /** Without spaces. */
  readonly name: string;
  /** What is worth its time: no lower precision of networks much like others, nothing of the same one in another file. */
  readonly variants: 'plain' | 'fp32' | 'all';
  /** Writes a model. */
  readonly make: (output: string, options: TransformOptions) => Promise<unknown>;
}

type Hints = Omit<ExportModelOptions, 'checkpoint' | 'output' | Exclude<keyof TransformOptions, 'recipe'>>;

/** A path in a folder of which the caller disposes: files of computed weights are written there. */
export type Folder = (name: string) => string;

const SIDE = 64;
const SMALL = { batch: 1, height: SIDE, width: SIDE };
const sizeOf = ([batch, , height, width]: KinCase['input']) => ({ batch, height, width });

function exported(name: string, variants: Source['variants'], checkpoint: () => string, told: Hints): Source {
  const make: Source['make'] = (output, options) =>
    exportModel({ checkpoint: checkpoint(), output, ...told, ...options });
  return { name, variants, make };
}

export function sources(folder: Folder): readonly Source[] {
  return [
    ...cases.map(ofCase),
    ...releaseCases.map(({ name, checkpoint, ...entry }) =>
      exported(`release/${name}`, 'fp32', () => fixture('release', checkpoint), toldBy(entry)),
    ),
    ...trained(),
    exported('trained/grey', 'fp32', () => fixture('trained', 'unet-eed-w8-grey-isic2018.pth'), {
      ...{ decoder: 'eed', activation: 'gelu', grey: 'luma' },
      size: SMALL,
    }),
    exported('own/strided', 'all', () => fixture('own', 'strided.pth'), {
      ...{ backbone: Strided, decoder: 'lmd', activation: 'gelu' },
      size: {},
    }),
    ...kin(folder),
    ...settings(folder),
    ...readdirSync(fixture('strangers')).map((name) =>
      exported(`strangers/${name}`, 'plain', () => fixture('strangers', name), {}),
    ),
    ...foreign(),
    ...grafts(),
    ...encoders(folder),
  ];
}

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
  return exported(`cases/${name}`, variants, () => fixture('cases', checkpoint), {
    ...toldBy(entry),
    size: SMALL,
  });
}

/** One checkpoint with what else an export may be told. */
function trained(): readonly Source[] {
  const told: Readonly<Record<string, Hints>> = {
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
  const checkpoint = () => fixture('trained', 'unet-eed-w16-isic2018.pth');
  return Object.entries({ ...told, ...lowered }).map(([name, more]) =>
    exported(`trained/${name}`, name in lowered ? 'all' : 'fp32', checkpoint, {
      decoder: 'eed',
      activation: 'gelu',
      ...more,
    }),
  );
}

/** The first case of each network. */
const KIN = [...new Map([...kinCases].reverse().map((entry) => [entry.network, entry])).values()];

/** Those of which lower precisions are made. */
const LOWERED_KIN = ['attention-original', 'nested-original', 'ege-original'];

function kin(folder: Folder): readonly Source[] {
  return KIN.map((entry) => {
    const variants = LOWERED_KIN.includes(entry.network) ? 'all' : 'fp32';
    return exported(`kin/${entry.network}`, variants, () => kinFile(entry, folder), {
      ...toldByKin(entry),
      size: sizeOf(entry.input),
    });
  });
}

function kinFile(entry: KinCase, folder: Folder): string {
  return checkpointFile(folder(`${entry.network}.safetensors`), () => kinCheckpoint(entry).tensors);
}

/** Written once. */
function checkpointFile(path: string, tensorsOf: () => ReadonlyMap<string, Tensor>): string {
  if (existsSync(path)) return path;
  let end = 0;
  const parts = Array.from(tensorsOf(), ([key, { dtype, dims, bytes }]) => {
    const [start, data] = [end, bytes()];
    end += data.length;
    const type = dtype === 'int64' ? 'I64' : 'F32';
    return { entry: [key, { dtype: type, shape: dims, data_offsets: [start, end] }] as const, data };
  });
  const header = Object.fromEntries(parts.map(({ entry }) => entry));
  writeFileSync(path, safetensors(header, Buffer.concat(parts.map(({ data }) => data))));
  return path;
}

function settings(folder: Folder): readonly Source[] {
  return settingCases.map(({ name, checkpoint = '', network, options, input }) => {
    const entry = KIN.find((known) => known.network === network);
    const file = () => (entry === undefined ? fixture(checkpoint) : kinFile(entry, folder));
    return exported(`settings/${name}`, 'fp32', file, {
      ...(checkpoint.startsWith('own/') && { backbone: Strided }),
      ...options,
      size: sizeOf(input),
    });
  });
}

function foreign(): readonly Source[] {
  return ['lraspp', 'unet'].map((name) => {
    const model = fixture('foreign', `${name}.onnx`);
    const make: Source['make'] = (output, options) => optimizeModel({ model, output, ...options });
    return { name: `foreign/${name}`, variants: 'all', make };
  });
}

function grafts(): readonly Source[] {
  const model = fixture('foreign', 'lraspp.onnx');
  return (['eed', 'hd', 'lmd'] as const).map((decoder) => {
    const weights = fixture('foreign', `lraspp-${decoder === 'hd' ? 'hd' : 'nmode'}.safetensors`);
    // With it, fp32 is not compared on images, where random weights amplify rounding.
    const reference = fixture('foreign', `lraspp-${decoder}.io.safetensors`);
    const told = { model, weights, reference, decoder, activation: 'gelu' } as const;
    const make: Source['make'] = async (output, options) => {
      const skips = (await proposeSkips(model)).skips.map(({ tensor }) => tensor);
      return graft({ ...told, skips, output, ...options });
    };
    return { name: `grafts/lraspp-${decoder}`, variants: decoder === 'eed' ? 'all' : 'fp32', make };
  });
}

/** Those of which kin/ has none. */
const ENCODERS = ['resnet50', 'mobilenet_v3_large', 'mobilenet_v3_small', 'efficientnet_b0', 'convnext_tiny'];

function encoders(folder: Folder): readonly Source[] {
  const { variances } = JSON.parse(readFileSync(fixture('encoders', 'encoders.json'), 'utf8'));
  const told = { decoder: 'eed', activation: 'gelu', size: SMALL } as const;
  return ENCODERS.map((id) => {
    const file = () =>
      checkpointFile(folder(`${id}.safetensors`), () => weightsOf(id, seededWith(Number(variances[id]))));
    return exported(`encoders/${id}`, id === 'mobilenet_v3_small' ? 'all' : 'fp32', file, told);
  });
}

/** What a network with an EED decoder asks for. */
function weightsOf(id: string, source: (key: string, dims: readonly number[]) => Tensor) {
  const tensors = new Map<string, Tensor>();
  seededModel(backboneOf(id).network(new Map()), 'eed', SIDE, (key, dims) => {
    const tensor = source(key, dims);
    tensors.set(key, tensor);
    return tensor;
  });
  return tensors;
}
