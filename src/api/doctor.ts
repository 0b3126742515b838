import { readFile } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { NmodeError, reason } from '../../graph/common/errors.js';
import { checkOptions, type Kinds, SIGNAL } from '../../graph/common/option-kinds.js';
import { VERSION } from '../../graph/common/version.js';
import { encodeModel } from '../../graph/file/write.js';
import { elementCount, float32Tensor } from '../../graph/ir/tensor.js';
import { initializer, input, type Value } from '../../graph/ir/value.js';
import { conv } from '../../graph/ops/conv.js';
import { maxPool } from '../../graph/ops/pool.js';
import { resizeLinear } from '../../graph/ops/resize.js';
import { relu, sigmoid } from '../../graph/ops/unary.js';
import { assemble } from '../../graph/rewriting/assemble.js';
import { loadSharp } from '../../runtime/node/images/sharp.js';
import { loadModel } from '../../runtime/node/model.js';
import { type FilePath, pathOf } from '../../runtime/node/path-of.js';
import { groupLimits, usableCores, usableMemory } from '../../runtime/node/sessions/limits.js';
import { loadRuntime } from '../../runtime/node/sessions/onnxruntime.js';
import type { ProviderPlacement } from '../../runtime/node/sessions/provider-placement.js';
import { PROVIDER_IDS, type ProviderId } from '../../runtime/node/sessions/providers.js';
import { lackOf } from '../../runtime/node/sessions/requirements.js';
import { createSession } from '../../runtime/node/sessions/session.js';
import type { ProviderCheck } from '../../runtime/sessions/probe.js';

export interface ProviderDiagnosis {
  readonly provider: ProviderId;
  readonly works: boolean;
  /** Why not, where it does not. */
  readonly problem?: string;
  /** How to get what is missing, where that is known. */
  readonly remedy?: string;
  /** Its answer beside the CPU's. */
  readonly check?: ProviderCheck;
  /** Nodes by the provider that ran them: parts of a network may stay on the CPU. */
  readonly placement?: ProviderPlacement;
}

export interface Diagnosis {
  readonly versions: Readonly<Record<'nmode' | 'node' | 'onnxruntime' | 'sharp', string>>;
  readonly platform: string;
  readonly cpu: string;
  /** Those that speed networks up; undefined where the system does not tell. */
  readonly cpuFeatures?: readonly string[];
  readonly cores: { readonly usable: number; readonly machine: number; readonly limit?: number };
  /** Bytes. */
  readonly memory: {
    readonly usable: number;
    readonly machine: number;
    readonly free: number;
    readonly limit?: number;
  };
  /** What was tried: a model's file, or a small network of this package. */
  readonly model: string;
  readonly providers: readonly ProviderDiagnosis[];
}

/** Options of `doctor`. */
export interface DoctorOptions {
  /** Stops before the next provider is tried. */
  readonly signal?: AbortSignal;
}

const KINDS: Kinds<DoctorOptions> = { signal: SIGNAL };

/**
 * What this machine can do: tries every provider with a model and looks where its nodes ran.
 * @param model an .onnx file to try; default a small network
 * @throws NmodeError (BAD_MODEL, BAD_USAGE); the signal's reason
 */
export async function doctor(model?: FilePath, options: DoctorOptions = {}): Promise<Diagnosis> {
  checkOptions(options, KINDS);
  const limits = groupLimits();
  const { cores, memory } = limits;
  const path = model === undefined ? undefined : pathOf(model, 'model');
  const bytes = path === undefined ? smallNetwork() : (await loadModel(path, options)).bytes;
  const providers: ProviderDiagnosis[] = [];
  for (const provider of PROVIDER_IDS) providers.push(await diagnose(provider, bytes, options));
  const [features, versions] = await Promise.all([cpuFeatures(), libraryVersions()]);
  return {
    versions,
    platform: `${process.platform}/${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    ...(features && { cpuFeatures: features }),
    cores: {
      usable: usableCores(limits),
      machine: cpus().length,
      ...(cores !== undefined && { limit: cores }),
    },
    memory: {
      usable: usableMemory(limits),
      machine: totalmem(),
      free: freemem(),
      ...(memory !== undefined && { limit: memory }),
    },
    model: path ?? 'a small network of this package',
    providers,
  };
}

async function diagnose(
  provider: ProviderId,
  model: Uint8Array,
  options: DoctorOptions,
): Promise<ProviderDiagnosis> {
  options.signal?.throwIfAborted();
  const lack = lackOf(provider);
  if (lack !== undefined)
    return { provider, works: false, problem: lack.what, ...(lack.remedy && { remedy: lack.remedy }) };
  try {
    const session = await createSession(model, {
      ...{ providers: [provider], strict: true, placement: true },
      ...options,
    });
    await session.close();
    const { check, placement } = session.provider;
    return { provider, works: true, ...(check && { check }), ...(placement && { placement }) };
  } catch (error) {
    if (!(error instanceof NmodeError) || options.signal?.aborted) throw error;
    return { provider, works: false, problem: error.message.replace(`${provider}: `, '') };
  }
}

/** Convolutions, a pooling and a resize: what segmentation networks are made of. [1, 3, 64, 64] -> [1, 1, 64, 64]. */
function smallNetwork(): Uint8Array {
  const image = input('input', 'float32', [1, 3, 64, 64]);
  const layer = (x: Value, name: string, dims: readonly number[]) => {
    const values = Float32Array.from({ length: elementCount(dims) }, (_, i) => Math.sin(i + name.length) / 8);
    return conv(x, initializer(name, float32Tensor(dims, values)), undefined, { pads: [1, 1, 1, 1] });
  };
  const wide = relu(layer(image, 'first', [16, 3, 3, 3]));
  const deep = relu(layer(maxPool(wide, [2, 2]), 'second', [16, 16, 3, 3]));
  const mask = sigmoid(layer(resizeLinear(deep, [2, 2], 'half_pixel'), 'last one', [1, 16, 3, 3]));
  return encodeModel(
    assemble({ name: 'doctor', inputs: [image], outputs: { mask }, producerVersion: VERSION }),
  );
}

/** Instructions that onnxruntime's kernels use where they are there, as Linux calls them on x86 and ARM. */
const FEATURES = [
  ...['avx', 'avx2', 'fma', 'f16c', 'avx_vnni'],
  ...['avx512f', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16', 'amx_int8', 'amx_bf16'],
  ...['asimd', 'asimdhp', 'asimddp', 'i8mm', 'bf16', 'sve'],
];

async function cpuFeatures(): Promise<readonly string[] | undefined> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.split(' ');
  return flags && FEATURES.filter((feature) => flags.includes(feature));
}

/** What is installed of a library, or what there is to do. */
function versionOf<T>(loaded: PromiseSettledResult<T>, version: (library: T) => string | undefined): string {
  return loaded.status === 'fulfilled' ? (version(loaded.value) ?? 'unknown') : reason(loaded.reason);
}

async function libraryVersions(): Promise<Diagnosis['versions']> {
  const [runtime, sharp] = await Promise.allSettled([loadRuntime(), loadSharp()]);
  return {
    nmode: VERSION,
    node: process.versions.node,
    onnxruntime: versionOf(runtime, ({ env }) => env.versions.node),
    sharp: versionOf(sharp, ({ versions }) => versions.sharp),
  };
}
