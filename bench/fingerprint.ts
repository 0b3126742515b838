/**
 * `npm run fingerprint`: a digest of every model that the package makes of fixtures/, held against fixtures/fingerprint.txt. Code that
 * is only re-shaped leaves every line as it is.
 *
 *     npm run fingerprint -- [--write] [FILTER]
 *
 * FILTER is a part of the names of what is looked at; with --write their lines are written anew instead. Ranges of int8 come from
 * running models: another CPU may round them otherwise.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseModel } from '../graph/file/read.js';
import { encodeChunks } from '../graph/file/write.js';
import { print } from '../src/cli/output/print.js';
import { withProgress } from '../src/cli/output/progress.js';
import { makeFolder } from '../src/files/write-whole.js';
import { encodePng, type Level, NmodeError, type Precision, type Target } from '../src/index.js';
import type { Folder, Source } from './fingerprint/source.js';
import { sources } from './fingerprint/sources.js';
import { inFolder, root } from './networks.js';

const LIST = join(root, 'fixtures', 'fingerprint.txt');

interface Variant {
  readonly level: Level;
  readonly precision: Precision;
  readonly target: Target;
}

const VARIANTS: readonly Variant[] = (['none', 'standard', 'latency'] as const).flatMap((level) =>
  (['fp32', 'fp16', 'int8', 'int8-weights'] as const).flatMap((precision) =>
    (['cpu', 'wasm', 'webgpu'] as const).map((target) => ({ level, precision, target })),
  ),
);

/** Of all but the metadata, which name files and versions. */
function digestOf(path: string): string {
  const hash = createHash('sha256');
  const model = { ...parseModel(readFileSync(path), path), metadata: new Map<string, string>() };
  for (const chunk of encodeChunks(model)) hash.update(chunk);
  return hash.digest('hex');
}

const isDigest = (result: string) => /^[0-9a-f]{64}$/.test(result);

/**
 * The digest of a model, or why there is none.
 * @param folder with the images that models are compared on
 */
async function resultOf({ make }: Source, { level, precision, target }: Variant, folder: Folder) {
  const [output, images] = [folder('model.onnx'), folder('images')];
  try {
    await make(output, {
      ...{ level, precision, target },
      // Exports need none otherwise.
      ...((level === 'latency' || precision !== 'fp32') && { images }),
      // Whether it is good enough is not the question.
      ...(precision !== 'fp32' && { maxDscDrop: 1 }),
      ...(precision === 'int8' && { calibrate: images }),
    });
    return digestOf(output);
  } catch (error) {
    if (!(error instanceof NmodeError)) throw error;
    return `${error.code}: ${error.message.replaceAll(folder(''), '').replaceAll(root, '')}`;
  }
}

function variantsOf({ variants }: Source): readonly Variant[] {
  if (variants === 'plain') return VARIANTS.slice(0, 1);
  if (variants === 'all') return VARIANTS;
  const wanted = VARIANTS.filter(({ precision }) => precision === 'fp32');
  return variants === 'fp32' ? wanted : wanted.filter(isBuilt);
}

/** Without images, and for the usual target. */
const isBuilt = ({ level, target }: Variant) => level !== 'latency' && target === 'cpu';

/** What is made of a source, by the names of its lines. */
async function* fingerprints(source: Source, folder: Folder): AsyncGenerator<[name: string, result: string]> {
  const found = new Map<string, string>();
  for (const variant of variantsOf(source)) {
    const { level, precision, target } = variant;
    const graph = found.get(`${level} fp32 ${target}`);
    // What int8 makes of a graph depends on the target, too.
    const isShared = precision !== 'int8' && graph !== undefined && isDigest(graph);
    const key = `${level} ${precision} ${isShared ? graph : target}`;
    const result = found.get(key) ?? (await resultOf(source, variant, folder));
    found.set(key, result);
    yield [`${source.name} ${level} ${precision} ${target}`, result];
  }
}

/** A disc and waves, on which random networks find masks. */
async function writeImages(folder: string, side = 64): Promise<void> {
  const levels = {
    disc: (x: number, y: number, c: number) =>
      (Math.hypot(x - 30, y - 36) < 17 ? 60 : 200) + 7 * c + ((x * 5 + y * 3) % 11),
    waves: (x: number, y: number, c: number) => 128 + 100 * Math.sin(x / (3 + c) + y / 9),
  };
  await makeFolder(folder);
  for (const [name, level] of Object.entries(levels)) {
    const data = Uint8Array.from({ length: 3 * side * side }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return level(pixel % side, Math.floor(pixel / side), i % 3);
    });
    writeFileSync(
      join(folder, `${name}.png`),
      await encodePng({ data, width: side, height: side, channels: 3 }),
    );
  }
}

/** Name and result of each line. */
function committed(): Map<string, string> {
  const lines = existsSync(LIST) ? readFileSync(LIST, 'utf8').trimEnd().split('\n') : [];
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf('  ');
      return [line.slice(at + 2), line.slice(0, at)];
    }),
  );
}

const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [filter = ''] = positionals;

await inFolder(async (file) => {
  await writeImages(file('images'));
  const wanted = sources(file).filter(({ name }) => name.includes(filter));
  const found = new Map<string, string>();
  await withProgress('sources', async ({ signal, onProgress }) => {
    for (const [at, source] of wanted.entries()) {
      signal.throwIfAborted();
      onProgress(at, wanted.length);
      for await (const [name, result] of fingerprints(source, file)) found.set(name, result);
    }
  });
  const before = committed();
  const isLookedAt = (name: string) => name.split(' ', 1)[0]?.includes(filter);
  if (values.write) {
    const kept = [...before].filter(([name]) => !isLookedAt(name));
    const lines = [...kept, ...found].sort(([a], [b]) => (a < b ? -1 : 1));
    writeFileSync(LIST, lines.map(([name, result]) => `${result}  ${name}\n`).join(''));
  } else {
    const names = new Set([...[...before.keys()].filter(isLookedAt), ...found.keys()]);
    const differing = [...names].filter((name) => before.get(name) !== found.get(name));
    for (const name of differing)
      print(`${name}\n  was ${before.get(name) ?? 'absent'}\n  is  ${found.get(name) ?? 'absent'}`);
    print(`${differing.length} of ${names.size} differ`);
    if (differing.length > 0 || names.size === 0) process.exitCode = 1;
  }
});
