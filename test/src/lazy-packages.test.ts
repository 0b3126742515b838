/** Protects those who export, or run models in browsers, from packages that others need: nothing asks for them before they are used. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { withPackages } from '../../runtime/node/packages.js';
import { root } from '../support/fixtures.js';

const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The packages that are loaded with an entry point, before anything is called. */
async function loadedWith(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outdir: 'out',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    metafile: true,
    write: false,
  });
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { path, kind, external } of metafile.outputs[file]?.imports ?? []) {
      if (kind !== 'import-statement') continue;
      if (external !== true) visit(path);
      else if (!path.startsWith('node:')) found.add(/^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path);
    }
  };
  for (const [file, { entryPoint }] of Object.entries(metafile.outputs))
    if (entryPoint === entry) visit(file);
  expect(seen.size).toBeGreaterThan(0);
  return [...found];
}

describe('packages', () => {
  it.each(['src/index.ts', 'src/api/serve.ts', 'src/files/site.ts', 'src/web.ts'])(
    '%s loads none but dependencies',
    async (entry) => {
      const others = (await loadedWith(entry)).filter((name) => dependencies[name] === undefined);
      expect(others).toEqual([]);
    },
  );

  it('a server, once asked for, loads those that it says it needs', async () => {
    const loaded = await loadedWith('runtime/server/rest/app.ts');
    expect(loaded).toContain('fastify');
    for (const name of loaded) expect(Object.keys({ ...dependencies, ...peerDependencies })).toContain(name);
  });

  it('a failure of another kind is told as it is', async () => {
    const broken = new Error('libvips is broken');
    await expect(withPackages('reading images', () => Promise.reject(broken))).rejects.toBe(broken);
  });
});
