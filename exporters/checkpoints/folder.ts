import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { NmodeError, reason } from '../../graph/common/errors.js';

/** How a library lays out the folder that it saves a network in. */
interface Layout {
  /** Where its weights may be; the first that is there counts. */
  readonly weights: readonly string[];
  /** Texts that say what the network is, beside them. */
  readonly texts: readonly string[];
}

const LAYOUTS: readonly Layout[] = [
  // save_pretrained of Hugging Face's hub, and of what builds on it
  { weights: ['model.safetensors', 'pytorch_model.bin'], texts: ['config.json'] },
];

/** Bytes of a text: more than any configuration has. */
const MAX_TEXT = 2 ** 20;

/** The file with a checkpoint's weights, and what stands beside it. */
export interface Place {
  /** What messages call it. */
  readonly file: string;
  readonly weights: string;
  /** Texts by their names in the layout. */
  readonly beside: ReadonlyMap<string, string>;
}

/**
 * What a path leads to: a file, which may lie in a folder that a library wrote, or such a folder.
 * @throws NmodeError (BAD_CHECKPOINT) for a folder without weights where they are known to be
 */
export function placeOf(path: string): Place {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isFolder) return { file: basename(path), weights: path, beside: textsAround(path) };
  for (const layout of LAYOUTS) {
    const name = layout.weights.find((weights) => existsSync(join(path, weights)));
    if (name === undefined) continue;
    const file = `${basename(resolve(path))}/${name}`;
    return { file, weights: join(path, name), beside: textsIn(path, layout) };
  }
  const names = LAYOUTS.flatMap(({ weights }) => weights).join(', ');
  throw new NmodeError(
    'BAD_CHECKPOINT',
    `${path}: a folder without ${names}: name the file with the weights in it`,
  );
}

/** Of a file that lies where a library puts weights. */
function textsAround(path: string): ReadonlyMap<string, string> {
  const whole = resolve(path);
  for (const layout of LAYOUTS) {
    const name = layout.weights.find((weights) => whole.endsWith(`${sep}${join(weights)}`));
    if (name !== undefined) return textsIn(whole.slice(0, -name.length), layout);
  }
  return new Map();
}

function textsIn(folder: string, { texts }: Layout): ReadonlyMap<string, string> {
  const there = texts.filter((name) => existsSync(join(folder, name)));
  return new Map(there.map((name) => [name, textOf(join(folder, name))]));
}

function textOf(path: string): string {
  const name = join(basename(dirname(path)), basename(path));
  const bad = (message: string, cause?: unknown) =>
    new NmodeError('BAD_CHECKPOINT', `${name}: ${message}`, { cause });
  const stats = statSync(path);
  if (!stats.isFile()) throw bad('it is not a file');
  if (stats.size > MAX_TEXT) throw bad(`a text of ${stats.size} bytes, at most ${MAX_TEXT} are read`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw bad(reason(error), error);
  }
}
