import { createRequire } from 'node:module';
import { NmodeError } from '../../graph/common/errors.js';

const require = createRequire(import.meta.url);

/** What is done with packages that npm does not install by itself, as not everybody needs them (`peerDependencies`). */
const NEEDED = {
  'running a model': ['onnxruntime-node'],
  'reading images': ['sharp'],
  'segmenting images': ['onnxruntime-node', 'sharp'],
  'fitting a decoder': ['onnxruntime-node', 'sharp'],
  'serving models': [
    ...['fastify', 'light-my-request', '@fastify/send', 'negotiator', 'prom-client'],
    ...['onnxruntime-node', 'sharp'],
  ],
  'serving the page': ['fastify', 'light-my-request', '@fastify/send', 'negotiator'],
} as const;

type Purpose = keyof typeof NEEDED;

/** The packages of a purpose as `npm install` takes them, in versions that fit. */
export const installed = (purpose: Purpose): string => ranged(NEEDED[purpose]);

function ranged(names: readonly string[]): string {
  const { peerDependencies } = require('nmode-onnx/package.json');
  return names.map((name) => `${name}@${peerDependencies[name]}`).join(' ');
}

/**
 * What packages are loaded for.
 * @throws NmodeError (CANNOT_RUN) with the command that installs what is missing
 */
export async function withPackages<T>(purpose: Purpose, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    requirePackages(purpose, error);
    throw error;
  }
}

/**
 * Refuses before anything is done, where some packages of a purpose are loaded late.
 * @throws NmodeError (CANNOT_RUN) with the command that installs what is missing
 */
export function requirePackages(purpose: Purpose, cause?: unknown): void {
  const lack = lackOfPackages(purpose);
  if (lack !== undefined) throw new NmodeError('CANNOT_RUN', `${lack.what}: ${lack.remedy}`, { cause });
}

/** What a purpose lacks, and the command that installs it; undefined where all packages are there. */
export function lackOfPackages(purpose: Purpose) {
  const missing = NEEDED[purpose].filter((name) => !isInstalled(name));
  if (missing.length === 0) return undefined;
  const what = `${purpose} needs ${missing.join(', ')}`;
  const remedy = `npm install ${ranged(missing)}`;
  return { what, remedy };
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
