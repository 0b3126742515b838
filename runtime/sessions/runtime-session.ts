import type { Outputs, Port, TypedInputs } from './tensors.js';

/** A session of onnxruntime on one provider. Its runs may block the thread that they are made in. */
export interface RuntimeSession {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** @param outputs names of those that are wanted; default all */
  run(inputs: TypedInputs, outputs?: readonly string[]): Promise<Outputs>;
  /** Frees what it holds outside JavaScript's memory. */
  release(): Promise<void>;
}
