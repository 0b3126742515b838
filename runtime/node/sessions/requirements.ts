import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { lackOfPackages } from '../packages.js';
import { PROVIDERS, type ProviderId } from './providers.js';

/** What a provider lacks on this machine, and how to get it. */
export interface Lack {
  readonly what: string;
  readonly remedy?: string;
}

/** CUDA 12 and cuDNN 9, which onnxruntime's CUDA provider is linked with. */
const CUDA_LIBRARIES = [
  'libcuda.so.1',
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcufft.so.11',
  'libcurand.so.10',
  'libcudnn.so.9',
];

const TENSORRT_LIBRARY = 'libnvinfer.so.10';

/** Where the Vulkan loader looks for drivers. */
const VULKAN_FOLDERS = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];

/** Where the files of onnxruntime-node for this platform are. */
function onnxruntimeFolder(): string {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  return join(dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch);
}

/** Whether the dynamic linker finds a library: loading one that is no Node addon fails only after that. */
function isInstalled(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library);
    return true;
  } catch (error) {
    return !(error instanceof Error && error.message.includes('cannot open shared object file'));
  }
}

/** What is missing of onnxruntime's own files, and of the libraries that they are linked with. */
function lackOfCuda(id: 'cuda' | 'tensorrt', libraries: readonly string[]): Lack | undefined {
  const library = `libonnxruntime_providers_${id}.so`;
  const bundled = existsSync(join(onnxruntimeFolder(), library));
  const missing = libraries.filter((name) => !isInstalled(name));
  if (bundled && missing.length === 0) return undefined;
  const system = [
    ...(missing.includes('libcuda.so.1') ? ["NVIDIA's driver"] : []),
    'CUDA 12 and cuDNN 9',
    ...(missing.includes(TENSORRT_LIBRARY) ? ['TensorRT 10'] : []),
  ];
  const [lacks, ways]: [string[], string[]] = [[], []];
  if (!bundled) {
    lacks.push(`onnxruntime-node came without ${library}`);
    ways.push('install onnxruntime-node again with ONNXRUNTIME_NODE_INSTALL=cuda12 in the environment');
  }
  if (missing.length > 0) {
    lacks.push(`${missing.join(', ')} cannot be loaded`);
    ways.push(`install ${system.join(', ')}`);
  }
  return { what: lacks.join(' and '), remedy: ways.join('; ') };
}

function lackOfVulkan(): Lack | undefined {
  if (!isInstalled('libvulkan.so.1')) {
    return {
      what: 'libvulkan.so.1 cannot be loaded',
      remedy: 'install the Vulkan loader (Debian: libvulkan1)',
    };
  }
  const { env } = process;
  if (env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES || env.VK_ADD_DRIVER_FILES) return undefined;
  const { XDG_DATA_DIRS = '', HOME = '' } = env;
  const shared = [...XDG_DATA_DIRS.split(':').filter(Boolean), join(HOME, '.local', 'share')];
  const folders = [...VULKAN_FOLDERS, ...shared.map((folder) => join(folder, 'vulkan', 'icd.d'))];
  const drivers = folders.filter(existsSync).flatMap((folder) => readdirSync(folder));
  return drivers.some((file) => file.endsWith('.json'))
    ? undefined
    : { what: 'no Vulkan driver is installed', remedy: "install the graphics card's driver" };
}

/**
 * What is known to be missing before a provider is tried, since onnxruntime's own messages do not say. Libraries can be
 * looked for on Linux only; elsewhere trying tells.
 */
export function lackOf(id: ProviderId): Lack | undefined {
  const platform = `${process.platform}/${process.arch}`;
  const platforms: readonly string[] = PROVIDERS[id].platforms;
  if (platforms.length > 0 && !platforms.includes(platform)) {
    return { what: `onnxruntime-node has it on ${platforms.join(' and ')}, not on ${platform}` };
  }
  const packages = lackOfPackages('running a model');
  if (packages !== undefined) return packages;
  if (process.platform !== 'linux') return undefined;
  if (id === 'cuda') return lackOfCuda(id, CUDA_LIBRARIES);
  if (id === 'tensorrt') return lackOfCuda(id, [...CUDA_LIBRARIES, TENSORRT_LIBRARY]);
  return id === 'webgpu' ? lackOfVulkan() : undefined;
}
