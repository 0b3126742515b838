import type { ValueInfo } from '../../graph/ir/model.js';

/** A model, and what the files around it say. Names are made of a-z, 0-9 and '-', so that every format takes them as they are. */
export interface BundledModel {
  readonly name: string;
  /** Of the .onnx file, its weights included. */
  readonly bytes: Uint8Array;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Why requests cannot be merged into one run; undefined where they can, or the format does not merge them. */
  readonly whySingly: string | undefined;
  /** Of an image where the model leaves its height and width open, for first runs. */
  readonly side: number;
  /** What a process with one copy of the model is to have, in MiB. */
  readonly memory: number;
  /** The container that has `nmode`. */
  readonly image: string;
  /** Tasks of a batch. */
  readonly shards: number;
}

/** A file of a bundle, by its path in it. */
export interface BundleFile {
  readonly path: string;
  readonly contents: string | Uint8Array;
}

/** What a model is bundled for. A new one is a file here, and its line in `formats.ts`. */
export interface BundleFormat {
  readonly id: string;
  /** Whether it runs `predict`, and so takes models for images alone. */
  readonly forImages: boolean;
  /** Whether its engine merges requests, so that it has to be known whether rows are independent. */
  readonly merges?: boolean;
  files(model: BundledModel): readonly BundleFile[];
}

/** The model under its name. */
export const modelFile = ({ name, bytes }: BundledModel, folder = ''): BundleFile => ({
  path: `${folder}${name}.onnx`,
  contents: bytes,
});
