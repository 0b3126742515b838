import { type Block, blocksOf, PAGES } from './markdown.js';

/**
 * How a block of README.md or docs/ is run: as a command line in a clone, as a server and its clients, as a program of Node or of a
 * browser, by another test or program, or not at all, for a reason.
 */
export type Way =
  | { readonly by: 'commands' | 'servers' | 'programs' | 'pages' }
  | { readonly by: 'other'; readonly file: string }
  | { readonly by: 'nobody'; readonly why: string };

const SHELL = ['sh', 'bash'];
const PROGRAM = ['ts', 'js'];

interface Exception {
  readonly page: string;
  readonly holds: RegExp;
  readonly way: Way;
}

const other = (page: string, holds: RegExp, file: string): Exception => ({
  page,
  holds,
  way: { by: 'other', file },
});
const nobody = (page: string, holds: RegExp, why: string): Exception => ({
  page,
  holds,
  way: { by: 'nobody', why },
});

/** Blocks that are neither command lines nor programs of their own. */
const EXCEPTIONS: readonly Exception[] = [
  other('README.md', /npm ci && npm start/, '.ci/run'),
  other('README.md', /npm pack|npm install/, '.ci/package'),
  other('docs/install.md', /npm pack/, '.ci/package'),
  other('docs/install.md', /npm install/, '.ci/package'),
  other('docs/browser.md', /npm install/, '.ci/package'),
  other('docs/browser.md', /vite\.config\.js/, 'test/src/bundlers.extended.ts'),
  other('docs/browser.md', /npx esbuild/, 'test/src/bundlers.extended.ts'),
  other('docs/scaling.md', /sbatch/, 'test/slurm.sh'),
  other('docs/training.md', /trainingStep\(\{ inputs: \[image\]/, 'test/docs/training.test.ts'),
  nobody('docs/gpu.md', /--provider \$provider --strict/, 'needs a graphics card and CUDA'),
  nobody(
    'docs/development.md',
    /npm run bench/,
    'benchmarks take hours; .ci/run runs the tests and the checks',
  ),
];

/** The one way of a block; undefined for what is no shell, TypeScript or JavaScript. */
function wayOf({ page, language, code }: Block): Way | undefined {
  if (![...SHELL, ...PROGRAM].includes(language)) return undefined;
  const exception = EXCEPTIONS.find((each) => each.page === page && each.holds.test(code));
  if (exception !== undefined) return exception.way;
  if (SHELL.includes(language)) {
    return { by: /nmode (serve|demo)|curl/.test(code) ? 'servers' : 'commands' };
  }
  if (code.includes("'nmode-onnx/web'")) return { by: 'pages' };
  // They ask a server.
  return { by: /127\.0\.0\.1/.test(code) ? 'servers' : 'programs' };
}

/** All blocks that are run in a way, in the order of their pages: README.md makes the model that others take. */
export const blocksBy = (by: Way['by']): readonly Block[] =>
  PAGES.flatMap(blocksOf).filter((block) => wayOf(block)?.by === by);

/** Exceptions that no block needs. */
export const idleExceptions = (): readonly string[] =>
  EXCEPTIONS.filter(
    ({ page, holds }) =>
      !blocksOf(page).some((block) => wayOf(block) !== undefined && holds.test(block.code)),
  ).map(({ page, holds }) => `${page}: ${holds}`);

/** The files that run blocks. */
export const otherFiles = (): readonly string[] =>
  EXCEPTIONS.flatMap(({ way }) => (way.by === 'other' ? [way.file] : []));
