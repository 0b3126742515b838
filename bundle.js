/** Makes what browsers load: dist/web, the package's browser files; dist/demo, the page. */
import { cpSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** The builds of onnxruntime that are used, by names that every server knows the type of. */
const RUNTIME_FILES = {
  'ort.wasm.min.mjs': 'wasm.js',
  'ort-wasm-simd-threaded.mjs': 'wasm-loader.js',
  'ort-wasm-simd-threaded.wasm': 'wasm.wasm',
  'ort.jspi.min.mjs': 'webgpu.js',
  'ort-wasm-simd-threaded.jspi.mjs': 'webgpu-loader.js',
  'ort-wasm-simd-threaded.jspi.wasm': 'webgpu.wasm',
};

const shared = { bundle: true, format: 'esm', target: 'es2022', minify: true, legalComments: 'none' };

await build({
  ...shared,
  entryPoints: { index: 'src/web.ts', worker: 'runtime/web/worker.ts' },
  outdir: 'dist/web',
});
const onnxruntime = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
mkdirSync('dist/web/onnxruntime', { recursive: true });
for (const [from, to] of Object.entries(RUNTIME_FILES)) {
  cpSync(join(onnxruntime, from), join('dist/web/onnxruntime', to));
}
