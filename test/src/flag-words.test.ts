import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { option } from '../../graph/common/option.js';
import { type InFlags, inFlagsOf } from '../../src/cli/flags/flag-words.js';
import { allTemplates } from '../messages/templates.js';
import { allCommands } from '../support/commands.js';
import { root } from '../support/fixtures.js';

const ROOMS = ['graph', 'exporters', 'runtime', 'src'];

let loaded = 0;
const inFlags: InFlags = inFlagsOf(async () => {
  loaded++;
  return allCommands(inFlags);
});

describe('options of the API on the command line', () => {
  it.each([
    ['choose one with `prefix`', 'choose one with --prefix'],
    [`give ${option('head', 'softmax')} where`, 'give --head softmax where'],
    [`${option('bnEps', -1)}, expected`, '--bn-eps -1, expected'],
    [`${option('init', true)}: say which`, '--init: say which'],
    [`${option('truthColour', [0, 128, 0])}: no mask`, '--truth-colour 0,128,0: no mask'],
    ['`truthColour: [R, G, B]` or `truthLabel: N`', '--truth-colour R,G,B or --truth-label N'],
    ["leave `level: 'latency'` out", 'leave --optimize latency out'],
    ["`solverOptions.lmdForm: 'mine'`, expected", '--lmd-form mine, expected'],
    ['`proposeSkips` proposes some', 'nmode inspect --skips proposes some'],
    ['as `exportModel({ reference })` does', 'as export --reference does'],
    ['with `exportModel({ size: {} })`', 'with export --dynamic'],
    ["`padding: 'a: b'`: it", '--padding a: b: it'],
  ])('%s', async (message, words) => {
    expect(await inFlags(message)).toBe(words);
  });

  it('leave code that is no option, and a name with quotes of its own', async () => {
    for (const text of ['`torch.onnx.export` fails', '`constructor`', '`tree: 1`', 'a `', '``']) {
      expect(await inFlags(text)).toBe(text);
    }
    expect(await inFlags('it`s.pth: 2 networks: choose one with `prefix`')).toBe(
      'it`s.pth: 2 networks: choose one with --prefix',
    );
  });

  it('load all commands once, for a message that needs them', async () => {
    await inFlags('`head`');
    expect(loaded).toBe(1);
    let asked = false;
    const words = inFlagsOf(async () => {
      asked = true;
      return [];
    });
    expect(await words('no model')).toBe('no model');
    expect(asked).toBe(false);
  });
});

describe('messages of the library', () => {
  const library = ROOMS.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .map((file) => `${room}/${file}`)
      .filter((file) => file.endsWith('.ts') && !file.startsWith('src/cli/'))
      .map((file) => [file, readFileSync(join(root, file), 'utf8')] as const),
  );

  it('name no flags of the command line', () => {
    const flags = new Set(allCommands(inFlags).flatMap(({ options }) => options.map(({ long }) => long)));
    // What bundles write is command lines.
    const speaking = library.filter(([file]) => !file.startsWith('src/bundles/'));
    const found = speaking.flatMap(([file, source]) => {
      const code = source.replace(/^ *(\/?\*|\/\/).*$/gm, '');
      const named = Array.from(code.matchAll(/--[a-z][\w-]*/g), ([flag]) => flag);
      return named.filter((flag) => flags.has(flag)).map((flag) => `${file}: ${flag}`);
    });
    expect(found).toEqual([]);
  });

  it('name options that the command line has words for', async () => {
    const quoted = [...allTemplates()]
      .filter(([file]) => !file.startsWith('src/cli/'))
      .flatMap(([, templates]) => templates.flatMap((text) => text.match(/`[^`]+`/g) ?? []));
    const made = library.flatMap(([, source]) =>
      Array.from(source.matchAll(/\boption\('([^']+)'/g), ([, name = '']) => option(name)),
    );
    expect(quoted.length + made.length).toBeGreaterThan(40);
    for (const code of new Set([...quoted, ...made])) expect(await inFlags(code)).toMatch(/^[^`]*--[a-z]/);
  });
});
