import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What one run of a process took. */
export interface Measurement {
  readonly status: number | null;
  readonly stderr: string;
  readonly milliseconds: number;
  /** Peak resident memory in MB: VmHWM of /proc/self/status, which the process prints as it ends. */
  readonly peakMb: number;
}

export function measure(command: string, args: readonly string[]): Measurement {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  const milliseconds = performance.now() - start;
  const [line = '', kibibytes = 'NaN'] = /^VmHWM (\d+)\n(?:CPU .*\n)?/m.exec(stderr) ?? [];
  return { status, stderr: stderr.replace(line, ''), milliseconds, peakMb: (Number(kibibytes) * 1024) / 1e6 };
}

const peak = fileURLToPath(new URL('./print-peak.js', import.meta.url));

/** Runs node with a script and its arguments. */
export function measureNode(args: readonly string[]): Measurement {
  return measure(process.execPath, ['--import', peak, ...args]);
}
