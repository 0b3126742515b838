import type { Command } from 'commander';
import { type ProviderChoice, parseProvider } from '../../../runtime/node/sessions/providers.js';
import { parseCount } from './arguments.js';

export function parseProviders(text: string): ProviderChoice {
  return text === 'auto' ? 'auto' : text.split(',').map((name) => parseProvider(name.trim()).name);
}

export function addSessionFlags(command: Command): Command {
  command.option(
    '--provider <p,...>',
    'providers to try in order, then cpu: cpu, cuda, cuda:1, webgpu, ...; auto selects the best (default: cpu)',
    parseProviders,
  );
  return addRunFlags(command);
}

export function addRunFlags(command: Command): Command {
  return command
    .option('--strict', 'fail if the first provider does not work')
    .option('--threads <n>', 'CPU threads (default: one per core)', parseCount);
}
