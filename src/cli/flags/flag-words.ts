import type { Command } from 'commander';

/** The flag of an option: `bnEps` is `--bn-eps`. */
export function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** What the command line calls otherwise than the API. */
const OTHERWISE = [
  ['level', '--optimize'],
  ['providers', '--provider'],
  ['classNames', '--classes'],
  ['proposeSkips', 'nmode inspect --skips'],
  ['exportModel({ reference })', 'export --reference'],
  ['exportModel({ size: {} })', 'export --dynamic'],
  ['optimizeModel({ freeze: true })', 'nmode optimize --freeze'],
] as const;

/** What a message of the library, which names options of the API (`maxDscDrop: 0.1`), is in flags (--max-dsc-drop 0.1). */
export type InFlags = (message: string) => Promise<string>;

/** @param load all commands, as the way on that a message tells may be another one's; where one names something */
export function inFlagsOf(load: () => Promise<readonly Command[]>): InFlags {
  let loading: ReturnType<typeof wordsOf> | undefined;
  return async (message) => {
    if (!message.includes('`')) return message;
    loading ??= load().then(wordsOf);
    const words = await loading;
    const names = [...words.keys()].map((name) => name.replace(/\W/g, '\\$&'));
    const code = new RegExp(`\`(${names.join('|')})(?:: ([^\`]*))?\``, 'g');
    return message.replace(code, (_, name: string, value = '') => {
      const argument = value.replace(/^'(.*)'$|^\[(.*)\]$/, '$1$2').replaceAll(', ', ',');
      return [words.get(name), ...(argument === 'true' ? [] : [argument])].filter(Boolean).join(' ');
    });
  };
}

async function wordsOf(commands: readonly Command[]): Promise<ReadonlyMap<string, string>> {
  const { SOLVER_OPTIONS } = await import('../../../exporters/decoders/solvers.js');
  const flags = commands.flatMap(({ options }) => options.map((option) => option.attributeName()));
  return new Map([
    ...flags.map((name) => [name, flagOf(name)] as const),
    ...SOLVER_OPTIONS.map(({ key }) => [`solverOptions.${key}`, flagOf(key)] as const),
    ...OTHERWISE,
  ]);
}
