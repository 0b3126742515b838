import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { inBrowser } from '../support/browser.js';
import { complaintsOf, launch, serve } from '../support/chromium.js';
import { fixture, root } from '../support/fixtures.js';

const app = mkdtempSync(join(tmpdir(), 'nmode-app-'));
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: app, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** An app that anybody would write; what it finds stands in the title. */
const program = (options: string) => `
  import { Segmenter } from 'nmode-onnx/web';
  try {
    const segmenter = await Segmenter.load('/model.onnx'${options});
    const { mask } = await segmenter.segment('/photograph.jpg');
    document.title = mask.width + ' ' + segmenter.provider.effective;
  } catch (error) {
    document.title = String(error);
  }`;

const index = (head: string) => `<!doctype html><html lang="en"><head>${head}</head></html>`;

let browser: Browser;

/** What stands in the title of an app's page when it is done. */
async function titleOf(folder: string): Promise<string> {
  const host = await serve({ folders: { '/': `${folder}/` } });
  try {
    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    await page.goto(host.url);
    await page.waitForFunction(() => document.title !== '');
    expect(complaints).toEqual([]);
    return await page.title();
  } finally {
    await host.close();
  }
}

const DONE = '512 wasm';

beforeAll(async () => {
  if (inBrowser !== describe) return;
  browser = await launch({ webgpu: false });
  const installed = join(app, 'node_modules', 'nmode-onnx');
  mkdirSync(installed, { recursive: true });
  const packed = run('npm', 'pack', '--silent', '--ignore-scripts', root).trim();
  run('tar', 'xf', packed, '-C', installed, '--strip-components=1');
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }');
  mkdirSync(join(app, 'public'));
  cpSync(join(root, 'dist/demo/model.onnx'), join(app, 'public/model.onnx'));
  cpSync(fixture('images', 'ISIC_0000082.jpg'), join(app, 'public/photograph.jpg'));
});

afterAll(async () => {
  await browser?.close();
  rmSync(app, { recursive: true });
});

inBrowser('the packed package', () => {
  it('is built by Vite as it is', async () => {
    writeFileSync(join(app, 'main.js'), program(''));
    writeFileSync(join(app, 'index.html'), index('<script type="module" src="/main.js"></script>'));
    run(bin('vite'), 'build', '--logLevel', 'error');
    expect(await titleOf(join(app, 'dist'))).toBe(DONE);
    // One binary a provider.
    const binaries = readdirSync(join(app, 'dist/assets')).filter((name) => name.endsWith('.wasm'));
    expect(binaries).toHaveLength(2);
  });

  it('is bundled by esbuild, with its folder beside', async () => {
    const out = join(app, 'esbuild');
    writeFileSync(join(app, 'app.js'), program(", { assets: '/nmode' }"));
    run(bin('esbuild'), 'app.js', '--bundle', '--format=esm', `--outdir=${out}`, '--log-level=warning');
    cpSync(join(app, 'node_modules/nmode-onnx/dist/web'), join(out, 'nmode'), { recursive: true });
    cpSync(join(app, 'public'), out, { recursive: true });
    writeFileSync(join(out, 'index.html'), index('<script type="module" src="/app.js"></script>'));
    expect(await titleOf(out)).toBe(DONE);
  });

  it('is imported by an import map, without a bundler', async () => {
    const out = join(app, 'plain');
    cpSync(join(app, 'public'), out, { recursive: true });
    cpSync(join(app, 'node_modules'), join(out, 'node_modules'), { recursive: true });
    const map = '{ "imports": { "nmode-onnx/web": "/node_modules/nmode-onnx/dist/web/index.js" } }';
    const head = `<script type="importmap">${map}</script><script type="module">${program('')}</script>`;
    writeFileSync(join(out, 'index.html'), index(head));
    expect(await titleOf(out)).toBe(DONE);
  });

  it('says in a server where it runs', () => {
    const script = `
      const { Segmenter } = await import('nmode-onnx/web');
      await Segmenter.load('/model.onnx').catch(({ code, message }) => console.log(code, message));`;
    expect(run(process.execPath, '--input-type=module', '-e', script)).toBe(
      "CANNOT_RUN nmode-onnx/web runs in browsers: in Node, import from 'nmode-onnx'\n",
    );
  });

  it('is imported in a server without a word', () => {
    const script = "console.log(Object.keys(await import('nmode-onnx/web')).sort().join(' '))";
    expect(run(process.execPath, '--input-type=module', '-e', script)).toBe(
      'ERRORS NORMALIZATIONS NmodeError Segmenter VERSION WEB_PROVIDERS confusionOf createSession diceOf drawOutline drawOverlay encodePng metricsOf parseRecipe\n',
    );
  });
});
