import { check } from '../graph/check.js';
import type { Model } from '../graph/model.js';
import { type BuildOptions, buildModel, sizeMultiple } from './build.js';
import type { Checkpoint } from './checkpoints/open.js';
import { type Description, describe, detect, type Told } from './describe.js';
import { Weights } from './weights.js';

export interface ExportOptions extends Told, Omit<BuildOptions, 'metadata'> {}

export interface Exported {
  readonly model: Model;
  readonly description: Description;
  /** What a careful user wants to know, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Turns a checkpoint into a checked model.
 * @throws NmodeError (BAD_CHECKPOINT, BAD_USAGE)
 */
export function exportCheckpoint(checkpoint: Checkpoint, options: ExportOptions): Exported {
  const { file, tensors } = checkpoint;
  const description = describe(file, detect(file, shapesOf(checkpoint)), options);
  const weights = Weights.from((key) => tensors.get(key), file);
  const metadata = new Map([
    ...architectureMetadata(description),
    ['nmode.source.file', file],
    ['nmode.source.sha256', checkpoint.sha256()],
  ]);
  const model = buildModel(description, weights, { ...options, metadata });
  const narrowed = weights.finish(tensors.keys());
  check(model);
  const notes = [
    ...(checkpoint.note === '' ? [] : [checkpoint.note]),
    ...(narrowed.length > 0 ? [`${narrowed.length} float64 tensors were rounded to float32`] : []),
  ];
  return { model, description, notes };
}

export function shapesOf({ tensors }: Checkpoint): ReadonlyMap<string, readonly number[]> {
  return new Map(Array.from(tensors, ([key, { dims }]) => [key, dims]));
}

/** `metadata_props` that describe the network: nothing in it depends on time or place. */
function architectureMetadata(description: Description): [string, string][] {
  const { network, classes, decoder } = description;
  const common: [string, string][] = [
    ['nmode.backbone', network.backbone],
    ['nmode.widths', network.widths.join(',')],
    ['nmode.classes', String(classes)],
    ['nmode.decoder', decoder.id],
    ['nmode.size_multiple', String(sizeMultiple(description))],
  ];
  if (decoder.id === 'original') return [...common, ['nmode.upsampling', decoder.upsampling]];
  return [
    ...common,
    ['nmode.order', decoder.order],
    ['nmode.kernel', String(decoder.kernel)],
    ['nmode.state_channels', String(decoder.stateChannels)],
    ['nmode.activation', decoder.activation],
    ...(decoder.id === 'lmd' ? [['nmode.lmd_form', decoder.lmdForm] satisfies [string, string]] : []),
  ];
}
