/** `npm run docs`: README.md, docs/ and the reference of the public API as a site, in out/docs. */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = resolve(here, '../..');
const pages = join(here, 'pages');

function run(tool, ...args) {
  const { status } = spawnSync(process.execPath, [join(here, 'node_modules', tool), ...args], {
    cwd: here,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** Where the pages are, as they link to each other; the files themselves, since Vue is found from within this folder alone. */
const COPIES = {
  'README.md': 'index.md',
  docs: 'docs',
  'fixtures/slim/MODEL_CARD.md': 'fixtures/slim/MODEL_CARD.md',
  'fixtures/trained/MODEL_CARD.md': 'fixtures/trained/MODEL_CARD.md',
  'fixtures/trained/MODEL_CARD_GREY.md': 'fixtures/trained/MODEL_CARD_GREY.md',
};

rmSync(pages, { recursive: true, force: true });
for (const [from, to] of Object.entries(COPIES))
  cpSync(join(root, from), join(pages, to), { recursive: true });
run('typedoc/bin/typedoc');
run('vitepress/bin/vitepress.js', 'build');
