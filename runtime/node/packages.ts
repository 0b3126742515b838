import { createRequire } from 'node:module';
import { NmodeError } from '../../graph/common/errors.js';

const require = createRequire(import.meta.url);

/** What is done with packages that npm does not install by itself, as not everybody needs them (`peerDependencies`). */
const NEEDED = {
  'running a model': ['onnxruntime-node'],
  'reading images': ['sharp'],
  'segmenting images': ['onnxruntime-node', 'sharp'],
  'serving models': ['fastify', 'light-my-request', '@fastify/send', 'negotiator', 'prom-client'],
  'serving the page': ['fastify', 'light-my-request', '@fastify/send', 'negotiator'],
} as const;

type Purpose = keyof typeof NEEDED;

/** The packages of some purposes as `npm install` takes them, in versions that fit. */
export function installed(...purposes: readonly Purpose[]): string {
  return ranged(new Set(purposes.flatMap((purpose): readonly string[] => NEEDED[purpose])));
}

function ranged(names: Iterable<string>): string {
  const { peerDependencies } = require('nmode-onnx/package.json');
  return Array.from(names, (name) => `${name}@${peerDependencies[name]}`).join(' ');
}

/**
 * What packages are loaded for.
 * @throws NmodeError (CANNOT_RUN) with the command that installs what is missing
 */
export async function withPackages<T>(purpose: Purpose, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const missing = NEEDED[purpose].filter((name) => !isInstalled(name));
    if (missing.length === 0) throw error;
    throw new NmodeError(
      'CANNOT_RUN',
      `${purpose} needs ${missing.join(', ')}: npm install ${ranged(missing)}`,
      { cause: error },
    );
  }
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
