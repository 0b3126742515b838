import type { Command } from 'commander';
import { type ProviderChoice, parseProvider } from '../../../runtime/node/sessions/providers.js';
import type { ProviderReport, SessionOptions } from '../../../runtime/node/sessions/session.js';
import { parseCount } from './arguments.js';

/** What every command that runs a model takes. */
export interface SessionFlags extends Pick<SessionOptions, 'strict' | 'threads'> {
  readonly provider?: ProviderChoice;
}

export function parseProviders(text: string): ProviderChoice {
  return text === 'auto' ? 'auto' : text.split(',').map((name) => parseProvider(name.trim()).name);
}

export function addSessionFlags(command: Command): Command {
  command.option(
    '--provider <p,...>',
    'where to run: cpu, cuda, cuda:1, webgpu, ..., tried in this order and then cpu; auto for the best (default: cpu)',
    parseProviders,
  );
  return addRunFlags(command);
}

export function addRunFlags(command: Command): Command {
  return command
    .option('--strict', 'fail where the first provider does not work, instead of trying the next')
    .option('--threads <n>', 'threads on the CPU (default: one a core)', parseCount);
}

/**
 * Says on standard error that another provider than the first asked for was used, and why.
 * @param model its name, where there may be several
 */
export function noteFallback({ requested, effective, attempts }: ProviderReport, model?: string): void {
  if (attempts.length === 0 || requested[0] === 'auto') return;
  const passed = attempts.map(({ provider, error }) => `not on ${provider}: ${error}`);
  const name = model === undefined ? '' : `${model}: `;
  process.stderr.write(`nmode: ${name}${[`ran on ${effective}`, ...passed].join('; ')}\n`);
}
