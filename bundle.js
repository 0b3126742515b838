/**
 * Makes what browsers load: dist/web, the package's browser files, and dist/demo, the page; and the command, dist/src/cli/main.js,
 * which loads in half the time in one file. Runs after the compiler.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import sharp from 'sharp';
import { exportModel, NORMALIZATIONS } from './dist/src/index.js';

const WEB = 'dist/web';
const DEMO = 'dist/demo';
const IMAGES = 'dist/images';
const COMMAND = 'dist/src/cli';

/** The builds of onnxruntime that are used; the suffix tells bundlers that they are modules. */
const RUNTIME_FILES = {
  'ort.wasm.min.mjs': 'wasm.mjs',
  'ort-wasm-simd-threaded.mjs': 'wasm-loader.mjs',
  'ort-wasm-simd-threaded.wasm': 'wasm.wasm',
  'ort.jspi.min.mjs': 'webgpu.mjs',
  'ort-wasm-simd-threaded.jspi.mjs': 'webgpu-loader.mjs',
  'ort-wasm-simd-threaded.jspi.wasm': 'webgpu.wasm',
};

const options = { bundle: true, format: 'esm', target: 'es2022', minify: true, legalComments: 'none' };

async function bundleWeb() {
  await build({ ...options, sourcemap: true, entryPoints: { index: 'src/web.ts' }, outdir: WEB });
  // White space stays, and with it the comments that keep bundlers from an import that is none of theirs.
  await build({
    ...options,
    minify: false,
    minifyIdentifiers: true,
    minifySyntax: true,
    sourcemap: true,
    entryPoints: { worker: 'runtime/web/threads/worker.ts' },
    outdir: WEB,
  });
  const onnxruntime = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  mkdirSync(join(WEB, 'onnxruntime'), { recursive: true });
  for (const [from, to] of Object.entries(RUNTIME_FILES)) {
    const [source, target] = [join(onnxruntime, from), join(WEB, 'onnxruntime', to)];
    if (to.endsWith('.wasm')) cpSync(source, target);
    // Its source map is not there.
    else writeFileSync(target, readFileSync(source, 'utf8').replace(/\/\/# sourceMappingURL=.*\s*$/, ''));
  }
  cpSync('runtime/web/onnxruntime-license.txt', join(WEB, 'onnxruntime', 'LICENSE'));
}

/** The interfaces of the server over gRPC, for it and for those who make clients of them. */
cpSync('runtime/server/grpc/protos', 'dist/runtime/server/grpc/protos', { recursive: true });

/** Photographs that models are compared on. */
cpSync('fixtures/images', IMAGES, { recursive: true });

/** What the page offers to begin with, by the names that `src/demo/examples.ts` has for them. */
const EXAMPLES = {
  example: 'images/ISIC_0000082.jpg',
  'example-2': 'images/ISIC_0013106.jpg',
  'example-3': 'images/ISIC_0014077.jpg',
  'grey-example': 'grey/ISIC_0015582.jpg',
};

/** That of the release's images, in pixels. */
const SIZE = { height: 256, width: 256 };

/** Side in pixels: twice what the page shows, for fine screens. */
const THUMBNAIL = 160;

async function bundleDemo() {
  await build({
    ...options,
    entryPoints: [
      { in: 'src/demo/page.ts', out: 'page' },
      { in: 'src/demo/painting/painter.ts', out: 'painter' },
      { in: 'src/demo/site/page.css', out: 'page' },
    ],
    outdir: DEMO,
  });
  for (const name of ['index.html', 'icon.svg', 'manifest.webmanifest']) {
    cpSync(join('src/demo/site', name), join(DEMO, name));
  }
  for (const side of [192, 512]) {
    await sharp('src/demo/site/icon.svg', { density: (72 * side) / 64 })
      .resize(side)
      .png()
      .toFile(join(DEMO, `icon-${side}.png`));
  }
  await exportModel({
    checkpoint: 'fixtures/trained/unet-eed-w16-isic2018.pth',
    output: join(DEMO, 'model.onnx'),
    decoder: 'eed',
    activation: 'gelu',
    recipe: { normalization: NORMALIZATIONS.release },
    size: SIZE,
    target: 'wasm',
  });
  await exportModel({
    checkpoint: 'fixtures/trained/unet-eed-w8-grey-isic2018.pth',
    output: join(DEMO, 'grey.onnx'),
    decoder: 'eed',
    activation: 'gelu',
    recipe: { normalization: NORMALIZATIONS.release },
    size: SIZE,
    grey: 'luma',
    target: 'wasm',
  });
  for (const [stem, photograph] of Object.entries(EXAMPLES)) {
    cpSync(join('fixtures', photograph), join(DEMO, `${stem}.jpg`));
    const thumbnail = sharp(join('fixtures', photograph)).resize(THUMBNAIL).webp();
    await thumbnail.toFile(join(DEMO, `${stem}-thumbnail.webp`));
  }
}

/** What a first visit does not need. */
const LAZY = /\/webgpu|^grey.*(onnx|jpg)$|^example-\d\.jpg$/;

/** The files of a folder as the page sees them, in a stable order. */
function filesOf(folder, prefix) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const digest = createHash('sha256').update(readFileSync(path)).digest('base64');
      const name = prefix + path.slice(folder.length + 1);
      return { path: name, integrity: `sha256-${digest}`, lazy: LAZY.test(name) };
    });
}

/** The service worker knows every file of the page, and so comes last. */
async function bundleServiceWorker() {
  const files = [...filesOf(DEMO, ''), ...filesOf(WEB, 'nmode/')].filter(
    ({ path }) => !['nmode/index.js', 'nmode/onnxruntime/LICENSE'].includes(path) && !path.endsWith('.map'),
  );
  const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  await build({
    ...options,
    format: 'iife',
    entryPoints: ['src/demo/service-worker.ts'],
    outdir: DEMO,
    define: { SITE_VERSION: JSON.stringify(version), SITE_FILES: JSON.stringify(files) },
  });
}

/** Packages that every command needs. Others load when they are used, by themselves. */
const IN_COMMAND = ['protobufjs'];

/** What a module finds by its own place is where the compiler put it. */
const places = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](graph|exporters|runtime|src)[\\/].*\.ts$/ }, ({ path }) => {
      const place = JSON.stringify(relative(resolve('src/cli'), path));
      const contents = readFileSync(path, 'utf8').replaceAll(
        'import.meta.url',
        `new URL(${place}, COMMAND_URL).href`,
      );
      return { contents, loader: 'ts' };
    });
  },
};

/** The licence of a package, whatever it calls the file. */
const licenseOf = (folder) =>
  readFileSync(
    join(folder, readdirSync(folder).find((name) => /^licen[cs]e/i.test(name)) ?? 'LICENSE'),
    'utf8',
  );

/** One file, whose modules are evaluated when they are first asked for, and what starts it. */
async function bundleCommand() {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const outside = Object.keys({ ...dependencies, ...peerDependencies });
  const { metafile } = await build({
    ...options,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    entryPoints: { main: 'src/cli/main.ts' },
    outdir: COMMAND,
    outExtension: { '.js': '.cjs' },
    // Code that V8 compiled in an earlier run cannot import.
    supported: { 'dynamic-import': false },
    banner: { js: "const COMMAND_URL=require('node:url').pathToFileURL(__filename).href;" },
    external: outside.filter((name) => !IN_COMMAND.includes(name)),
    plugins: [places],
    metafile: true,
  });
  await build({ ...options, bundle: false, entryPoints: { main: 'src/cli/launch.ts' }, outdir: COMMAND });
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap((path) => /^node_modules\/((@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
  );
  const licenses = [...packages].sort().map((name) => `${name}\n\n${licenseOf(join('node_modules', name))}`);
  writeFileSync(join(COMMAND, 'licenses.txt'), licenses.join('\n\n'));
}

await bundleCommand();
await bundleWeb();
await bundleDemo();
await bundleServiceWorker();
