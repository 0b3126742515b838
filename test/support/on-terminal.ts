import { spawnSync } from 'node:child_process';

/** Bars and clocks are drawn over themselves: to the start of the line, the text, and what was behind it away. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's
const DRAWN = /\x1b\[1G([^\x1b\n]+)\x1b\[0K/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's
const CONTROL = /\x1b(?:\[[?\d;]*[A-Za-z]|[78])/g;

/** Runs a program on a pseudo-terminal of some columns (util-linux's `script`): what it printed, and what was drawn meanwhile. */
export function onTerminal(columns: number, ...command: readonly string[]) {
  const quoted = command.map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(' ');
  const { status, stdout } = spawnSync('script', ['-qec', `stty cols ${columns} && ${quoted}`, '/dev/null'], {
    encoding: 'utf8',
  });
  const progress = Array.from(stdout.matchAll(DRAWN), ([, drawn = '']) => drawn);
  const text = stdout.replaceAll(DRAWN, '').replaceAll(CONTROL, '').replaceAll('\r', '');
  return { status, text, progress };
}
