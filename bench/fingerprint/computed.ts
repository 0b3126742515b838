/** Models of weights that are computed, for the networks whose keys fixtures/ has. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shapesOf } from '../../exporters/assembly/export-model.js';
import { backboneOf } from '../../exporters/backbones/index.js';
import { hypothesesOf } from '../../exporters/backbones/plain/hypotheses.js';
import type { Checkpoint } from '../../exporters/checkpoints/open.js';
import { encodeSafetensors } from '../../exporters/checkpoints/write-safetensors.js';
import { at } from '../../graph/common/at.js';
import { pick } from '../../graph/common/pick.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { ABM_CASES, abmCheckpoint } from '../../test/support/abm.js';
import { fixture } from '../../test/support/fixtures.js';
import { kinCases, kinCheckpoint, toldByKin } from '../../test/support/kin.js';
import { hintsOfLight, LIGHT_CASES, LIGHT_SHAPE } from '../../test/support/light.js';
import { inferenceOf, MONAI_CASES, monaiCheckpoint } from '../../test/support/monai.js';
import { NNUNET_CASES, plannedCheckpoint } from '../../test/support/nnunet.js';
import { Strided } from '../../test/support/own.js';
import { plainCases, plainCheckpoint } from '../../test/support/plain.js';
import { publishedCases, publishedCheckpoint } from '../../test/support/published.js';
import { seededWith } from '../../test/support/seeded.js';
import { settingCases } from '../../test/support/settings.js';
import { configOf, SMP_CASES, smpCheckpoint } from '../../test/support/smp.js';
import { seededModel } from '../networks.js';
import { exported, type Folder, type Hints, SIDE, SMALL, type Source, type Variants } from './source.js';

type Weights = Pick<Checkpoint, 'tensors' | 'extras'>;

/** The size of an input [N, C, H, W] or [N, C, D, H, W]. */
function sizeOf(dims: readonly number[]) {
  const [height, width] = [at(dims, dims.length - 2), at(dims, dims.length - 1)];
  return { batch: at(dims, 0), ...(dims.length > 4 && { depth: at(dims, 2) }), height, width };
}

/** Where libraries put weights, by the text that they write beside them. */
const FOLDERS: ReadonlyMap<string, string> = new Map([
  ['configs/inference.json', 'models'],
  ['plans.json', 'fold_0'],
]);

/** A file of weights, with what stands beside it. Written once. */
function written(folder: string, { tensors, extras = new Map() }: Weights): string {
  const [within = ''] = [...extras.keys()].flatMap((name) => FOLDERS.get(name) ?? []);
  const file = join(folder, within, 'model.safetensors');
  if (existsSync(file)) return file;
  // Counters are no weights.
  const weights = [...tensors].filter(([key]) => !key.endsWith('.num_batches_tracked'));
  const bytes = encodeSafetensors(new Map(weights));
  for (const [path, contents] of [
    [file, bytes] as const,
    ...[...extras].map(([name, text]) => [join(folder, name), text] as const),
  ]) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
  }
  return file;
}

export function computedSources(folder: Folder): readonly Source[] {
  const computed = (
    name: string,
    variants: Variants,
    weights: () => Weights,
    hints: () => Hints,
  ): Source => ({
    ...exported(name, variants, () => written(folder(name), weights()), hints),
    reads: [],
  });
  /** The networks of a library, by the names of their cases. */
  const family = <Entry>(
    name: string,
    entries: Readonly<Record<string, Entry>>,
    weights: (entry: Entry) => Weights,
    hints: (entry: Entry, name: string) => Hints,
  ) =>
    Object.entries(entries).map(([each, entry]) =>
      computed(
        `${name}/${each}`,
        'rewritten',
        () => weights(entry),
        () => hints(entry, each),
      ),
    );
  return [
    ...KIN.map((entry) =>
      computed(
        `kin/${entry.network}`,
        LOWERED_KIN.includes(entry.network) ? 'all' : 'fp32',
        () => kinCheckpoint(entry),
        () => ({ ...toldByKin(entry), size: sizeOf(entry.input) }),
      ),
    ),
    ...settings(folder),
    ...ENCODERS.map((id) =>
      computed(
        `encoders/${id}`,
        id === 'mobilenet_v3_small' ? 'all' : 'fp32',
        () => ({ tensors: weightsOf(id) }),
        () => ({ decoder: 'eed', activation: 'gelu', size: SMALL }),
      ),
    ),
    ...family('abm', ABM_CASES, abmCheckpoint, ({ told, shape }) => ({ ...told, size: sizeOf(shape) })),
    ...family('light', LIGHT_CASES, monaiCheckpoint, (entry, name) => ({
      ...hintsOfLight(name, entry),
      size: sizeOf(LIGHT_SHAPE),
    })),
    ...family(
      'monai',
      MONAI_CASES,
      (entry) => monaiCheckpoint(entry, [['configs/inference.json', inferenceOf(entry)]]),
      ({ shape }) => ({ head: 'none', size: sizeOf(shape) }),
    ),
    ...family(
      'nnunet',
      NNUNET_CASES,
      (entry) => plannedCheckpoint(entry),
      ({ shape }) => ({ head: 'none', size: sizeOf(shape) }),
    ),
    ...family(
      'smp',
      SMP_CASES,
      (entry) => smpCheckpoint(entry, [['config.json', configOf(entry)]]),
      () => ({ head: 'none', size: SMALL }),
    ),
    ...family(
      'plain',
      Object.fromEntries(plainCases.map((entry) => [entry.name, entry])),
      plainCheckpoint,
      (entry) => ({
        // The likeliest network that its shapes allow.
        backbone: at(hypothesesOf(shapesOf(plainCheckpoint(entry))).all, 0).backbone,
        ...{ head: 'none', size: SMALL },
      }),
    ),
    ...family('published', Object.fromEntries(firsts(publishedCases)), publishedCheckpoint, (entry) => ({
      ...pick(entry, ['decoder', 'activation']),
      ...{ head: 'none', size: sizeOf(entry.input) },
    })),
  ];
}

/** The first case of each network. */
const firsts = <Case extends { readonly network: string }>(all: readonly Case[]) =>
  new Map(all.toReversed().map((entry) => [entry.network, entry]));

const KIN = [...firsts(kinCases).values()];

/** Those of which lower precisions are made. */
const LOWERED_KIN = ['attention-original', 'nested-original', 'ege-original'];

function settings(folder: Folder): readonly Source[] {
  return settingCases.map(({ name, checkpoint = '', network, options, input }) => {
    const entry = KIN.find((known) => known.network === network);
    const file = () =>
      entry === undefined
        ? fixture(checkpoint)
        : written(folder(`kin/${entry.network}`), kinCheckpoint(entry));
    const hints = {
      ...(checkpoint.startsWith('own/') && { backbone: Strided }),
      ...options,
      size: sizeOf(input),
    };
    return { ...exported(`settings/${name}`, 'fp32', file, () => hints), reads: [] };
  });
}

/** Those of which kin/ has none. */
const ENCODERS = ['resnet50', 'mobilenet_v3_large', 'mobilenet_v3_small', 'efficientnet_b0', 'convnext_tiny'];

/** What a network with an EED decoder asks for. */
function weightsOf(id: string): ReadonlyMap<string, Tensor> {
  const { variances } = JSON.parse(readFileSync(fixture('encoders', 'encoders.json'), 'utf8'));
  const source = seededWith(Number(variances[id]));
  const tensors = new Map<string, Tensor>();
  seededModel(backboneOf(id).network(new Map()), 'eed', SIDE, (key, dims) => {
    const tensor = source(key, dims);
    tensors.set(key, tensor);
    return tensor;
  });
  return tensors;
}
