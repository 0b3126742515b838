import { badUsage } from '../../../graph/common/errors.js';

/** An execution provider of onnxruntime. */
interface ProviderEntry {
  /** What a profile calls it. */
  readonly profileName: string;
  /** Whether one of several devices can be chosen: `cuda:1`. */
  readonly devices: boolean;
  /** Largest difference from PyTorch or from CPU that is right for its arithmetic, relative to max(1, |value|). */
  readonly tolerance: number;
  readonly platforms: readonly string[];
}

/** TF32 rounds the operands of CUDA's convolutions to 10 bits of mantissa unless it is turned off. */
const TF32_TOLERANCE = 5e-3;

/** Every provider that can be asked for, and the platforms that onnxruntime-node 1.30 has it on; none for all. */
export const PROVIDERS = Object.freeze({
  cpu: { profileName: 'CPUExecutionProvider', devices: false, tolerance: 1e-5, platforms: [] },
  cuda: {
    profileName: 'CUDAExecutionProvider',
    devices: true,
    tolerance: TF32_TOLERANCE,
    platforms: ['linux/x64'],
  },
  tensorrt: {
    profileName: 'TensorrtExecutionProvider',
    devices: true,
    tolerance: TF32_TOLERANCE,
    platforms: ['linux/x64'],
  },
  webgpu: {
    profileName: 'WebGpuExecutionProvider',
    devices: false,
    tolerance: 1e-4,
    platforms: ['linux/x64', 'darwin/arm64', 'win32/x64', 'win32/arm64'],
  },
  // Both may compute in half precision.
  coreml: {
    profileName: 'CoreMLExecutionProvider',
    devices: false,
    tolerance: 1e-2,
    platforms: ['darwin/arm64'],
  },
  dml: {
    profileName: 'DmlExecutionProvider',
    devices: true,
    tolerance: 1e-2,
    platforms: ['win32/x64', 'win32/arm64'],
  },
} satisfies Record<string, ProviderEntry>);

export type ProviderId = keyof typeof PROVIDERS;
export const PROVIDER_IDS = Object.freeze(Object.keys(PROVIDERS)) as readonly ProviderId[];

/** A provider and, where it has several, the number of its device: `cuda`, `cuda:1`. */
export type ProviderName = ProviderId | `${ProviderId}:${number}`;

/** Providers in the order in which they are tried, or `auto` for the best provider that works. */
export type ProviderChoice = 'auto' | readonly ProviderName[];

/** A provider taken apart. */
export interface Provider {
  readonly name: ProviderName;
  readonly id: ProviderId;
  readonly device: number | undefined;
}

/** What `auto` tries, best first; the last always works. */
const AUTO: Readonly<Partial<Record<NodeJS.Platform, readonly ProviderId[]>>> = {
  linux: ['cuda', 'webgpu', 'cpu'],
  darwin: ['coreml', 'webgpu', 'cpu'],
  win32: ['dml', 'webgpu', 'cpu'],
};

/** @throws NmodeError (BAD_USAGE) that lists the known ones */
export function parseProvider(text: string): Provider {
  if (text === 'auto') throw badUsage("provider 'auto' stands alone, not in a list");
  const [, id = '', device] = /^([a-z]+)(?::(\d{1,3}))?$/.exec(text) ?? [];
  if (!isProviderId(id)) {
    throw badUsage(`provider '${text}' is unknown: choose ${PROVIDER_IDS.join(', ')} or auto`);
  }
  if (device === undefined) return { name: id, id, device: undefined };
  if (!PROVIDERS[id].devices) throw badUsage(`provider '${text}': ${id} has no numbered devices`);
  return { name: `${id}:${Number(device)}`, id, device: Number(device) };
}

function isProviderId(id: string): id is ProviderId {
  return Object.hasOwn(PROVIDERS, id);
}

/** The providers of a choice, in the order in which they are tried. Without `strict` the CPU is always the last. */
export function candidates(choice: ProviderChoice, strict: boolean): readonly Provider[] {
  if (choice === 'auto') return (AUTO[process.platform] ?? ['cpu']).map(parseProvider);
  if (!Array.isArray(choice)) {
    throw badUsage("providers: expected 'auto' or a list, for example ['cuda', 'cpu']");
  }
  const named = [...new Map(choice.map(parseProvider).map((entry) => [entry.name, entry])).values()];
  if (named.length === 0) throw badUsage('no provider is named');
  if (strict) return named.slice(0, 1);
  return named.some(({ id }) => id === 'cpu') ? named : [...named, parseProvider('cpu')];
}

/** Largest difference from the true result, relative to max(1, |value|), that a provider's arithmetic explains. */
export function toleranceOf({ id }: Provider): number {
  const { tolerance } = PROVIDERS[id];
  const full = process.env.NVIDIA_TF32_OVERRIDE === '0' && tolerance === TF32_TOLERANCE;
  return full && (id === 'cuda' || id === 'tensorrt') ? PROVIDERS.webgpu.tolerance : tolerance;
}
