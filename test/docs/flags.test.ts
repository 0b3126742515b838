import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { blocksOf, PAGES, readPage, sectionOf } from '../support/markdown.js';
import { main } from '../support/nmode.js';

/** Where all flags of each command are documented. */
const DOCUMENTED: Readonly<Record<string, () => string>> = {
  export: () => sectionOf('docs/exporting.md', /nmode export/) + shared(),
  verify: () => sectionOf('docs/exporting.md', /nmode verify/) + readPage('docs/providers.md'),
  inspect: () => sectionOf('docs/exporting.md', /nmode inspect/),
  predict: () => sectionOf('docs/exporting.md', /nmode predict/),
  compare: () => sectionOf('docs/exporting.md', /nmode compare/),
  graft: () => readPage('docs/grafting.md') + shared(),
  slim: () => readPage('docs/slimming.md') + shared(),
  optimize: () => readPage('docs/optimizing.md'),
  eval: () => readPage('docs/evaluating.md'),
  bench: () => sectionOf('docs/runtime.md', /Measuring/),
  doctor: () => readPage('docs/providers.md'),
  demo: () => sectionOf('docs/browser.md', /The page/),
  serve: () => ['serving', 'operations', 'security'].map((name) => readPage(`docs/${name}.md`)).join('\n'),
  loadtest: () => sectionOf('docs/serving.md', /Speed/),
  bundle: () => sectionOf('docs/scaling.md', /nmode bundle/),
  merge: () => sectionOf('docs/scaling.md', /nmode merge/),
};

/** Flags of other programs that the pages show: V8's, esbuild's, curl's, npm's, tf2onnx's, sbatch's, Triton's, that of bench/fingerprint.ts; and commander's own. */
const FOREIGN = new Set([
  '--no-concurrent-marking',
  '--no-sparkplug',
  '--no-flush-bytecode',
  '--max-inlined-bytecode-size-cumulative',
  '--no-parallel-scavenge',
  '--heap-growing-percent',
  '--interrupt-budget',
  '--bundle',
  '--format',
  '--outdir',
  '--data-binary',
  '--engine-strict',
  '--inputs-as-nchw',
  '--write',
  '--help',
  '--array',
  '--dependency',
  '--export',
  '--model-repository',
  '--parsable',
]);
/** Named as one that does not exist. */
const NEVER_BUILT = new Set(['--tune']);

const FLAG = /(?<![\w-])--[a-z][a-z0-9-]*/g;
const flagsIn = (text: string): readonly string[] => text.match(FLAG) ?? [];

/** What optimizing.md says of the flags that others share with `optimize`. */
const shared = () => readPage('docs/optimizing.md').replaceAll(/^.*\(`optimize` only\).*$/gm, '');

/** The flags that commander defines, by command. */
const defined = new Map<string, ReadonlySet<string>>();

beforeAll(async () => {
  const run = promisify(execFile);
  const help = async (...args: string[]) => (await run(process.execPath, [main, ...args, '--help'])).stdout;
  const commands = [...(await help()).matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name = '']) => name);
  for (const command of commands) {
    const lines = (await help(command)).split('\n').filter((line) => /^ {2}-/.test(line));
    // What stands before the description.
    const named = lines.map((line) => line.trim().split(/ {2,}/)[0] ?? '');
    const flags = named.filter((text) => !text.includes('--help')).flatMap(flagsIn);
    defined.set(command, new Set(flags));
  }
});

it('every command is documented', () => {
  expect([...defined.keys()].sort()).toEqual(Object.keys(DOCUMENTED).sort());
});

describe.each(Object.keys(DOCUMENTED))('nmode %s', (command) => {
  const text = DOCUMENTED[command]?.() ?? '';

  it('has all its flags on its pages', () => {
    // `-o` is how all pages write it.
    const shown = new Set([...flagsIn(text), ...(/(?<![\w-])-o /.test(text) ? ['--output'] : [])]);
    expect([...(defined.get(command) ?? [])].filter((flag) => !shown.has(flag))).toEqual([]);
  });
});

it('commands on the pages have the flags that they are given', () => {
  const unknown = PAGES.flatMap((page) => {
    const shell = blocksOf(page).filter(({ language }) => language === 'sh');
    const lines = shell.flatMap(({ code }) => code.replaceAll('\\\n', ' ').split(/[\n|;]|&&|\s#/));
    // In the text as well: `nmode export --native-size`.
    const inline = [...readPage(page).matchAll(/`((?:npx )?nmode [^`]*)`/g)].map(([, code = '']) => code);
    return [...lines, ...inline].flatMap((line) => {
      const [, command = '', rest = ''] = /\bnmode ([a-z]+)\b(.*)/.exec(line) ?? [];
      const known = defined.get(command);
      return flagsIn(rest)
        .filter((flag) => known !== undefined && !known.has(flag))
        .map((flag) => `${page}: ${command} ${flag}`);
    });
  });
  expect(unknown).toEqual([]);
});

it('tables of flags have none that their command lacks', () => {
  const tables: Readonly<Record<string, string>> = {
    export: sectionOf('docs/exporting.md', /nmode export/),
    predict: sectionOf('docs/exporting.md', /nmode predict/),
    graft: sectionOf('docs/grafting.md', /^## Graft$/),
    slim: sectionOf('docs/slimming.md', /^## Flags$/),
    optimize: readPage('docs/optimizing.md'),
    eval: readPage('docs/evaluating.md'),
    bench: sectionOf('docs/runtime.md', /Measuring/),
    serve: sectionOf('docs/operations.md', /Limits/),
    loadtest: sectionOf('docs/serving.md', /Speed/),
  };
  const wrong = Object.entries(tables).flatMap(([command, text]) => {
    const cells = [...text.matchAll(/^\| *((?:`--|`-)[^|\n]*(?:\\\|[^|\n]*)*)\|/gm)].map(
      ([, cell = '']) => cell,
    );
    const flags = cells.flatMap(flagsIn);
    expect(flags).not.toEqual([]);
    return flags.filter((flag) => !defined.get(command)?.has(flag)).map((flag) => `${command} ${flag}`);
  });
  expect(wrong).toEqual([]);
});

it('no page names a flag that no command has', () => {
  const all = new Set([...defined.values()].flatMap((flags) => [...flags]));
  const known = (flag: string) => all.has(flag) || FOREIGN.has(flag) || NEVER_BUILT.has(flag);
  const unknown = PAGES.flatMap((page) =>
    flagsIn(readPage(page).replaceAll(/docker stop --time/g, ''))
      .filter((flag) => !known(flag))
      .map((flag) => `${page}: ${flag}`),
  );
  expect(unknown).toEqual([]);
});
