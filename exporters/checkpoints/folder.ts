import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { NmodeError, reason } from '../../graph/common/errors.js';

/** How a library lays out the folder that it saves a network in. */
interface Layout {
  /** Where its weights may be; the first that is there counts. */
  readonly weights: readonly string[];
  /** The folder in which others may lie beside them. */
  readonly others?: string;
  /** Texts that say what the network is, beside them; YAML is read as JSON. */
  readonly texts: readonly string[];
}

const LAYOUTS: readonly Layout[] = [
  // save_pretrained of Hugging Face's hub, and of what builds on it
  { weights: ['model.safetensors', 'pytorch_model.bin'], texts: ['config.json'] },
  // a bundle of MONAI, whose other weights lie in the same folder
  {
    weights: ['models/model.pt', 'models/model.ts', 'models/model.safetensors'],
    others: 'models/',
    texts: ['inference', 'train'].flatMap((name) =>
      ['json', 'yaml', 'yml'].map((ending) => `configs/${name}.${ending}`),
    ),
  },
];

/** Bytes of a text: more than any configuration has. */
const MAX_TEXT = 2 ** 20;

/** Places of a YAML that stand for others: each is written out. */
const MAX_ALIASES = 100;

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
export async function placeOf(path: string): Promise<Place> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isFolder) return { file: basename(path), weights: path, beside: await textsAround(path) };
  for (const layout of LAYOUTS) {
    const name = layout.weights.find((weights) => existsSync(join(path, weights)));
    if (name === undefined) continue;
    const file = `${basename(resolve(path))}/${name}`;
    return { file, weights: join(path, name), beside: await textsIn(path, layout) };
  }
  const names = LAYOUTS.flatMap(({ weights }) => weights).join(', ');
  throw new NmodeError(
    'BAD_CHECKPOINT',
    `${path}: a folder without ${names}: name the file with the weights in it`,
  );
}

/** Of a file that lies where a library puts weights. */
async function textsAround(path: string): Promise<ReadonlyMap<string, string>> {
  const whole = resolve(path);
  for (const layout of LAYOUTS) {
    const places = [...layout.weights, ...(layout.others ? [`${layout.others}${basename(path)}`] : [])];
    const name = places.find((weights) => whole.endsWith(`${sep}${join(weights)}`));
    const texts = name && (await textsIn(whole.slice(0, -name.length), layout));
    if (texts && texts.size > 0) return texts;
  }
  return new Map();
}

async function textsIn(folder: string, { texts }: Layout): Promise<ReadonlyMap<string, string>> {
  const there = texts.filter((name) => existsSync(join(folder, name)));
  const read = there.map(async (name) => [name, await asJson(name, textOf(join(folder, name)))] as const);
  return new Map(await Promise.all(read));
}

/** YAML as JSON; any other text as it is. @throws NmodeError (BAD_CHECKPOINT) for what is no YAML, or would grow without end */
async function asJson(name: string, text: string): Promise<string> {
  if (!/\.ya?ml$/.test(name)) return text;
  const { parse } = await import('yaml');
  try {
    return JSON.stringify(parse(text, { maxAliasCount: MAX_ALIASES, logLevel: 'error' }) ?? null);
  } catch (error) {
    const [line = ''] = reason(error).split('\n');
    throw new NmodeError('BAD_CHECKPOINT', `${name}: ${line}`, { cause: error });
  }
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
