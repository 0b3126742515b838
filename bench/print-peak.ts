/** Loaded before a measured program: prints its peak memory as it ends. */
import { readFileSync } from 'node:fs';

process.on('exit', () => {
  const [, peak] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  process.stderr.write(`VmHWM ${peak}\n`);
});
