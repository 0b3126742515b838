import { type NativeSession, openNative } from '../sessions/native.js';
import type { NativeOptions } from '../sessions/native-options.js';
import {
  checkAgainstCpu,
  type Placement,
  type ProviderCheck,
  placementOf,
  probeInputs,
} from '../sessions/probe.js';
import type { Inputs, Outputs, Port } from '../sessions/tensors.js';
import { serve } from './serve.js';

export interface OpenOptions extends NativeOptions {
  /** Compare the provider with the CPU. */
  readonly check: boolean;
  /** Run once, so that the first run that counts finds memory allocated and shaders compiled. */
  readonly warmUp: boolean;
}

/** What is found when a model opens. */
export interface Opened {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly check?: ProviderCheck;
}

let model: Uint8Array = new Uint8Array();
let session: NativeSession | undefined;

async function release(): Promise<void> {
  const open = session;
  session = undefined;
  await open?.release();
}

/** A thread that owns one session. */
const methods = {
  /** The bytes of the .onnx file that is opened. */
  load(bytes: Uint8Array): void {
    model = bytes;
  },
  async open({ check, warmUp, ...options }: OpenOptions): Promise<Opened> {
    session = await openNative(model, options);
    try {
      const { inputs, outputs } = session;
      const checked = check && { check: await checkAgainstCpu(session, model, options) };
      if (warmUp) await session.run(probeInputs(inputs));
      return { inputs, outputs, ...checked };
    } catch (error) {
      await release();
      throw error;
    }
  },
  placement: (options: NativeOptions): Promise<Placement> => placementOf(model, options),
  /** Forgets the bytes, which onnxruntime has copied. */
  settle(): void {
    model = new Uint8Array();
  },
  async run({ inputs, outputs }: { inputs: Inputs; outputs?: readonly string[] }): Promise<Outputs> {
    if (session === undefined) throw new TypeError('no session is open');
    return session.run(inputs, outputs);
  },
  release,
};

export type SessionMethods = typeof methods;

serve(methods);
