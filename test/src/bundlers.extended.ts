import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { inBrowser } from '../support/browser.js';
import { complaintsOf, launch, serve } from '../support/chromium.js';
import { fixture, root } from '../support/fixtures.js';
import { blocksOf } from '../support/markdown.js';

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
    const { threads } = segmenter.threads;
    document.title = mask.width + ' ' + segmenter.provider.effective + (threads > 1 ? ' in threads' : '');
  } catch (error) {
    document.title = String(error);
  }`;

/** Browsers ask for an icon on their own. */
const ICON = '<link rel="icon" href="data:,">';
const index = (head: string) => `<!doctype html><html lang="en"><head>${ICON}${head}</head></html>`;

let browser: Browser;

/** What stands in the title of an app's page when it is done. */
async function titleOf(folder: string): Promise<string> {
  const host = await serve({ folders: { '/': `${folder}/` } });
  try {
    return await titleAt(host.url);
  } finally {
    await host.close();
  }
}

async function titleAt(url: string): Promise<string> {
  const page = await browser.newPage();
  const complaints = complaintsOf(page);
  await page.goto(url);
  await page.waitForFunction(() => document.title !== '');
  expect(complaints).toEqual([]);
  return await page.title();
}

/** Vite's development server over the app, and where it says that it is. */
async function develop(...args: string[]): Promise<{ server: ChildProcess; url: string }> {
  const server = spawn(process.execPath, [bin('vite'), '--port', '0', ...args], {
    cwd: app,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const chunk of server.stdout) {
    printed += chunk;
    const [url] = /http:\/\/localhost:\d+\//.exec(printed) ?? [];
    if (url !== undefined) return { server, url };
  }
  throw new Error(`Vite does not say where it is: ${printed}`);
}

async function titleInDevelopment(...args: string[]): Promise<string> {
  const { server, url } = await develop(...args);
  try {
    return await titleAt(url);
  } finally {
    server.kill();
    await once(server, 'exit');
  }
}

/** What is served here is isolated, as browsers demand for threads. */
const ALONE = '512 wasm';
const DONE = `${ALONE}${availableParallelism() > 1 ? ' in threads' : ''}`;

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

  it("runs in Vite's development server as it is, and in threads with the configuration in browser.md", async () => {
    expect(await titleInDevelopment()).toBe(ALONE);
    const [config] = blocksOf('docs/browser.md').filter(({ language }) => language === 'js');
    writeFileSync(join(app, 'documented.config.js'), config?.code ?? '');
    expect(await titleInDevelopment('--config', 'documented.config.js')).toBe(DONE);
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
      'ERRORS NORMALIZATIONS NmodeError Segmenter VERSION WEB_PROVIDERS classColour componentsOf confusionOf contoursOf createSession diceOf drawClasses drawOutline drawOverlay encodePng labelPalette metricsOf parseRecipe\n',
    );
  });
});
