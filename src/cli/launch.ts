#!/usr/bin/env node
import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

const command = fileURLToPath(new URL('./main.cjs', import.meta.url));
const [, , asked = ''] = process.argv;
/** What V8 compiled of the command when this subcommand ran before: to compile it takes longer than some exports. */
const cache = join(dirname(command), `${/^[a-z]+$/.test(asked) ? asked : 'nmode'}.v8-cache`);
const source = readFileSync(command);

/** What has to be the same for compiled code to be of use: V8 itself takes a damaged file, or that of another source, for a good one. */
function headerOf(code: Uint8Array): Buffer {
  const { version, arch } = process;
  return Buffer.from(`${[version, arch, crc32(source), code.length, crc32(code)].join(' ')}\n`, 'latin1');
}

function kept(): Buffer | undefined {
  try {
    // A pipe would wait for its writer.
    if (!lstatSync(cache).isFile()) return undefined;
    const file = readFileSync(cache);
    const code = file.subarray(file.indexOf('\n') + 1);
    return Buffer.concat([headerOf(code), code]).equals(file) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Where the folder cannot be written to, every start compiles, and nothing else is different. */
function keep(code: Buffer): void {
  const unfinished = `${cache}.${process.pid}`;
  try {
    writeFileSync(unfinished, Buffer.concat([headerOf(code), code]), { flag: 'wx', mode: 0o644 });
    renameSync(unfinished, cache);
  } catch {
    rmSync(unfinished, { force: true });
  }
}

const cachedData = kept();
const script = new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
  filename: command,
  ...(cachedData && { cachedData }),
});
if (cachedData === undefined || script.cachedDataRejected) {
  // At the end, functions that were called are compiled as well.
  process.on('exit', (code) => {
    if (code === 0) keep(script.createCachedData());
  });
}
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(command), module, command, dirname(command));
