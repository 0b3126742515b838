/** Loaded before a measured program: prints its peak memory and its CPU time, in seconds, as it ends. */
import { readFileSync } from 'node:fs';

process.on('exit', () => {
  const [, peak] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const { user, system } = process.cpuUsage();
  process.stderr.write(`VmHWM ${peak}\nCPU ${(user + system) / 1e6}\n`);
});
