import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { at } from '../../graph/common/at.js';
import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { fitsPattern } from './select-keys.js';

/** How a library lays out the folder that it saves a network in. */
interface Layout {
  /** The folder with the weights within that; `*` stands for any characters of a name, '' for the folder itself. */
  readonly folder: string;
  /** What leads to the weights' folder from others that a user may name. */
  readonly ways?: readonly string[];
  /** Names of files with weights; the first that is there counts. */
  readonly weights: readonly string[];
  /** Whether files of other names beside them are weights too. */
  readonly others?: boolean;
  /** Texts that say what the network is, in the library's folder; YAML is read as JSON. */
  readonly texts: readonly string[];
}

const LAYOUTS: readonly Layout[] = [
  // save_pretrained of Hugging Face's hub, and of what builds on it
  { folder: '', weights: ['model.safetensors', 'pytorch_model.bin'], texts: ['config.json'] },
  {
    // a bundle of MONAI
    folder: 'models',
    weights: ['model.pt', 'model.ts', 'model.safetensors'],
    others: true,
    texts: ['inference', 'train'].flatMap((name) =>
      ['json', 'yaml', 'yml'].map((ending) => `configs/${name}.${ending}`),
    ),
  },
  {
    // results of nnU-Net: TRAINER__PLANS__CONFIGURATION/fold_N, in a folder of the dataset
    folder: 'fold_*',
    ways: ['', '*__*__*/fold_*'],
    weights: ['checkpoint_final.pth', 'checkpoint_best.pth', 'checkpoint_latest.pth'],
    others: true,
    texts: ['plans.json', 'dataset.json'],
  },
];

/** Bytes of a text: more than any configuration has; nnU-Net's dataset.json may list every image. */
const MAX_TEXT = 2 ** 22;

/** Places of a YAML that stand for others: each is written out. */
const MAX_ALIASES = 100;

/** The file with a checkpoint's weights, and what stands beside it. */
export interface Place {
  /** What messages call it. */
  readonly file: string;
  readonly weights: string;
  /** Texts by their names in the layout. */
  readonly beside: ReadonlyMap<string, string>;
  /** Paths of the weights and of the texts. */
  readonly sources: readonly string[];
  /** What is to be said of how it was found. */
  readonly notes: readonly string[];
}

const bad = (message: string, cause?: unknown) => new NmodeError('BAD_CHECKPOINT', message, { cause });

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * What a path leads to: a file, which may lie in a folder that a library wrote, or such a folder.
 * @throws NmodeError (BAD_CHECKPOINT) for a folder without weights where they are known to be, or with those of several networks
 */
export async function placeOf(path: string): Promise<Place> {
  if (!isFolder(path))
    return { file: basename(path), weights: path, ...(await textsAround(path)), notes: [] };
  const { files, usual } = weightsIn(path);
  const [weights, ...more] = files;
  if (weights === undefined) throw withoutWeights(path);
  if (more.length > 0) {
    const folders = [weights, ...more].map((file) => dirname(relative(path, file)));
    throw bad(
      `${path}: it holds ${folders.length} networks, ${folders.join(', ')}: name the folder of one, as ${join(path, String(folders[0]))}`,
    );
  }
  const file = join(basename(resolve(path)), relative(path, weights));
  const isUsual = basename(weights) === usual;
  const notes = isUsual ? [] : [`weights are those of ${basename(weights)}: there is no ${usual}`];
  return { file, weights, ...(await textsAround(weights)), notes };
}

/** Endings of files with weights, whatever they are called. */
const WEIGHTS = /\.(?:pth|pt|ts|ckpt|bin|safetensors|onnx)$/i;

/** What to name of a folder where no library has put weights: a file in it, or a folder one level down that has some. */
function withoutWeights(path: string): NmodeError {
  const files = readdirSync(path)
    .filter((name) => WEIGHTS.test(name))
    .map((name) => join(path, name))
    .sort();
  const [first, ...others] = files.length > 0 ? files : foldersBelow(path, '*').filter(leadsToWeights);
  if (first !== undefined) {
    const more = others.length === 0 ? '' : `, or another of ${others.length + 1} there`;
    return bad(`${path}: a folder without weights of a usual name: give ${first}${more}`);
  }
  const names = LAYOUTS.flatMap(({ folder, weights }) => weights.map((name) => join(folder, name)));
  return bad(`${path}: a folder without ${names.join(', ')}: name the file with the weights in it`);
}

function leadsToWeights(folder: string): boolean {
  try {
    return weightsIn(folder).files.length > 0;
  } catch {
    // One that may not be read.
    return false;
  }
}

/** What nnU-Net calls the folder of a fold: its number, or `all` for a training on all data. */
const FOLD = /^fold_(\d+|all)$/;

/**
 * The folders of the folds of one training in a folder of nnU-Net's results: those that are named, or all that have weights, but for that of a training
 * on all data beside them. None where it is another folder.
 * @throws NmodeError (BAD_USAGE) where folds are named of another folder, or are not there
 */
export function foldsIn(path: string, wanted?: readonly string[]): readonly string[] {
  const folders = isFolder(path) ? weightsIn(path).files.map((file) => dirname(relative(path, file))) : [];
  const isOne = new Set(folders.map((folder) => dirname(folder))).size === 1;
  const found = new Map(
    folders.flatMap((folder): [string, string][] => {
      const [, fold] = FOLD.exec(basename(folder)) ?? [];
      return isOne && fold !== undefined ? [[fold, folder]] : [];
    }),
  );
  const numbered = [...found.keys()].filter((fold) => fold !== 'all');
  const chosen = [...new Set(wanted ?? (numbered.length > 0 ? numbered : found.keys()))];
  return chosen.map((fold) => {
    const folder = found.get(fold);
    if (folder !== undefined) return join(path, folder);
    const there =
      found.size === 0 ? 'no folder of nnU-Net with folds' : `the folds ${[...found.keys()].join(', ')}`;
    throw badUsage(`${option('folds')}: ${path} is without fold ${fold}: it has ${there}`);
  });
}

/** The files with weights that a folder leads to: those of the first layout that it has, by the name that is first there. */
function weightsIn(path: string): { readonly files: readonly string[]; readonly usual?: string | undefined } {
  for (const { folder, ways = [], weights } of LAYOUTS) {
    for (const way of [folder, ...ways]) {
      const folders = foldersBelow(path, way);
      for (const name of weights) {
        const files = folders.map((each) => join(each, name)).filter((file) => existsSync(file));
        if (files.length > 0) return { files, usual: weights[0] };
      }
    }
  }
  return { files: [] };
}

const segmentsOf = (path: string) => path.split(/[\\/]/).filter((segment) => segment !== '');

/** The folders to which a pattern leads, in the order of their names. */
function foldersBelow(path: string, pattern: string): readonly string[] {
  return segmentsOf(pattern).reduce<readonly string[]>(
    (folders, segment) =>
      folders.flatMap((folder) =>
        readdirSync(folder, { withFileTypes: true })
          .filter((entry) => !entry.isFile() && fitsPattern(entry.name, segment))
          .map(({ name }) => join(folder, name))
          .filter(isFolder)
          .sort(),
      ),
    [path],
  );
}

/** Of a file that lies where a library puts weights. */
async function textsAround(path: string): Promise<Pick<Place, 'beside' | 'sources'>> {
  const folders = dirname(resolve(path)).split(sep);
  for (const { folder, weights, others, texts } of LAYOUTS) {
    const patterns = segmentsOf(folder);
    const depth = folders.length - patterns.length;
    const isThere =
      depth > 0 && patterns.every((pattern, index) => fitsPattern(at(folders, depth + index), pattern));
    if (!isThere || !(others || weights.includes(basename(path)))) continue;
    const root = folders.slice(0, depth).join(sep) || sep;
    const there = texts.filter((name) => existsSync(join(root, name)));
    if (there.length === 0) continue;
    const read = there.map(async (name) => [name, await asJson(name, textOf(join(root, name)))] as const);
    return {
      beside: new Map(await Promise.all(read)),
      sources: [path, ...there.map((name) => join(root, name))],
    };
  }
  return { beside: new Map(), sources: [path] };
}

/** YAML as JSON; any other text as it is. @throws NmodeError (BAD_CHECKPOINT) for what is no YAML, or would grow without end */
async function asJson(name: string, text: string): Promise<string> {
  if (!/\.ya?ml$/.test(name)) return text;
  const { parse } = await import('yaml');
  try {
    return JSON.stringify(parse(text, { maxAliasCount: MAX_ALIASES, logLevel: 'error' }) ?? null);
  } catch (error) {
    const [line = ''] = reason(error).split('\n');
    throw bad(`${name}: ${line}`, error);
  }
}

function textOf(path: string): string {
  const name = join(basename(dirname(path)), basename(path));
  const stats = statSync(path);
  if (!stats.isFile()) throw bad(`${name}: it is not a file`);
  if (stats.size > MAX_TEXT)
    throw bad(`${name}: a text of ${stats.size} bytes, at most ${MAX_TEXT} are read`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw bad(`${name}: ${reason(error)}`, error);
  }
}
