import { readFileSync } from 'node:fs';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { type ExportOptions, planExport } from '../../exporters/assembly/export-plan.js';
import type { NamedArguments, Network } from '../../exporters/backbones/backbone.js';
import { backboneOf } from '../../exporters/backbones/index.js';
import { type Checkpoint, readReference } from '../../exporters/checkpoints/open.js';
import type { Shapes } from '../../exporters/nn/weights.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { fixture } from './fixtures.js';
import { seeded, seededWith } from './seeded.js';

/** One network of fixtures/smp/cases.json. */
export interface SmpCase {
  readonly _model_class: string;
  readonly arguments: NamedArguments;
  /** What PyTorch has beside the encoder. */
  readonly keys: Readonly<Record<string, readonly number[]>>;
}

interface Listed {
  readonly variance: number;
  readonly cases: Readonly<Record<string, SmpCase>>;
}

export const { variance: VARIANCE, cases: SMP_CASES }: Listed = JSON.parse(
  readFileSync(fixture('smp', 'cases.json'), 'utf8'),
);

export const configOf = ({ _model_class, arguments: args }: SmpCase): string =>
  JSON.stringify({ _model_class, ...args });

const idOf = ({ _model_class }: SmpCase): string => `smp.${_model_class.toLowerCase()}`;

export const networkOf = (entry: SmpCase, shapes: Shapes = new Map()): Network =>
  backboneOf(idOf(entry)).network(shapes, new Map([['config.json', configOf(entry)]]));

/** A checkpoint of seeded weights, with PyTorch's keys beside those of the encoder, and what stands beside it. */
export function smpCheckpoint(
  entry: SmpCase,
  extras: readonly (readonly [string, string])[] = [],
): Checkpoint {
  const weights = seededWith(VARIANCE);
  const encoder = [...networkOf(entry).keys];
  const shapes = [...encoder, ...Object.entries(entry.keys)];
  return {
    ...{ file: 'x.safetensors', format: 'safetensors', note: '', extras: new Map(extras) },
    tensors: new Map(
      shapes.map(([key, dims]) => [
        key,
        key.endsWith('.num_batches_tracked') ? seeded('input', [1]) : weights(key, dims),
      ]),
    ),
    sha256: () => '',
    close() {},
  };
}

/** What PyTorch gives for a case, under the names of an exported model. */
export async function smpReference(name: string): Promise<ReadonlyMap<string, Tensor>> {
  const outputs = await readReference(fixture('smp', 'outputs.safetensors'));
  const given = [...outputs].filter(([key]) => key.startsWith(`${name}.`));
  const { in_channels: channels = 3 } = SMP_CASES[name]?.arguments ?? {};
  return new Map([
    ['input', seeded('input', [1, Number(channels), 64, 32])],
    ...given.map(([key, tensor]) => [key.slice(name.length + 1), tensor] as const),
  ]);
}

export const exportedSmp = (checkpoint: Checkpoint, options: Partial<ExportOptions> = {}) =>
  exportCheckpoint(
    checkpoint,
    planExport({ head: 'none', size: { batch: 1, height: 64, width: 32 }, ...options }),
  );
