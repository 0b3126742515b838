import { checkAgainstCpu, type ProviderCheck, probeInputs } from './probe.js';
import type { RuntimeSession } from './runtime-session.js';
import type { Outputs, Port, TypedInputs } from './tensors.js';

export interface OpenOptions<O> {
  /** The platform's own. */
  readonly own: O;
  /** Compare the provider with the CPU, and how far they may differ. */
  readonly tolerance?: number;
  /** Run once, so that the first run that counts finds memory allocated and shaders compiled. */
  readonly warmUp: boolean;
}

/** What is found when a model opens. */
export interface Opened {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly check?: ProviderCheck;
}

export interface RunRequest {
  readonly inputs: TypedInputs;
  readonly outputs?: readonly string[];
  /** Send the memory of the inputs back. */
  readonly giveBack?: boolean;
}

export interface RunAnswer {
  readonly outputs: Outputs;
  readonly spent?: readonly TypedInputs[string]['data'][];
}

/** How a platform opens a model. */
interface Opener<O> {
  open(model: Uint8Array, options: O): Promise<RuntimeSession>;
  openCpu(model: Uint8Array, options: O): Promise<RuntimeSession>;
}

/** The methods of a thread that owns one session. */
export function sessionMethods<O>({ open, openCpu }: Opener<O>) {
  let model: Uint8Array = new Uint8Array();
  let session: RuntimeSession | undefined;
  const release = async (): Promise<void> => {
    const opened = session;
    session = undefined;
    await opened?.release();
  };
  return {
    /** The bytes of the .onnx file that is opened. */
    load(bytes: Uint8Array): void {
      model = bytes;
    },
    async open({ own, tolerance, warmUp }: OpenOptions<O>): Promise<Opened> {
      await release();
      session = await open(model, own);
      try {
        const { inputs, outputs } = session;
        const check =
          tolerance === undefined
            ? undefined
            : await checkAgainstCpu(session, () => openCpu(model, own), tolerance);
        if (warmUp) await session.run(probeInputs(inputs));
        return { inputs, outputs, ...(check && { check }) };
      } catch (error) {
        await release();
        throw error;
      }
    },
    /** Forgets the bytes, which onnxruntime has copied. */
    settle(): void {
      model = new Uint8Array();
    },
    async run({ inputs, outputs, giveBack }: RunRequest): Promise<RunAnswer> {
      if (session === undefined) throw new TypeError('no session is open');
      const found = await session.run(inputs, outputs);
      return { outputs: found, ...(giveBack && { spent: Object.values(inputs).map(({ data }) => data) }) };
    },
    release,
  };
}
