#!/usr/bin/env node
import { closeSync, lstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

const command = fileURLToPath(new URL('./main.cjs', import.meta.url));
const [, , asked = ''] = process.argv;
/** What V8 compiled of the command when this subcommand ran before: to compile it takes longer than some exports. */
const cache = join(dirname(command), `${/^[a-z]+$/.test(asked) ? asked : 'nmode'}.v8-cache`);
const source = readFileSync(command);

/** Of V8, its flags and the processor. */
const tag = cachedDataVersionTag();

/** What has to be the same for compiled code to be of use: V8 takes a damaged file, or that of another source, for a good one. */
function headerOf(code: Uint8Array): Buffer {
  return Buffer.from(`${[tag, crc32(source), code.length, crc32(code)].join(' ')}\n`, 'latin1');
}

/** Many times what a file has. */
const MAX_BYTES = 2 ** 24;

function kept(): Buffer | undefined {
  try {
    const stats = lstatSync(cache);
    // A pipe would wait for its writer.
    if (!stats.isFile() || stats.size > MAX_BYTES) return undefined;
    const file = readFileSync(cache);
    const start = file.indexOf('\n') + 1;
    const code = file.subarray(start);
    return headerOf(code).equals(file.subarray(0, start)) ? code : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps what was compiled, functions that were called included. Two that do so at once may spoil the file, which its checksum shows.
 * @throws where the folder cannot be written to: then every start compiles, and nothing else is different
 */
function keep(script: Script): void {
  const unfinished = `${cache}.part`;
  rmSync(unfinished, { force: true });
  const file = openSync(unfinished, 'wx', 0o644);
  try {
    const code = script.createCachedData();
    writeFileSync(file, Buffer.concat([headerOf(code), code]));
    renameSync(unfinished, cache);
  } finally {
    closeSync(file);
    rmSync(unfinished, { force: true });
  }
}

const cachedData = kept();
const script = new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
  filename: command,
  ...(cachedData && { cachedData }),
});
const module = { exports: { hasWorked: false } };
if (cachedData === undefined || script.cachedDataRejected) {
  process.on('exit', () => {
    // What is compiled with other flags, as a server sets them, is rejected where it starts without.
    if (!module.exports.hasWorked || cachedDataVersionTag() !== tag) return;
    try {
      keep(script);
    } catch {}
  });
}
script.runInThisContext()(module.exports, createRequire(command), module, command, dirname(command));
