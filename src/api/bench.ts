import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { Kinds } from '../../graph/common/option-kinds.js';
import * as kind from '../../graph/common/option-kinds.js';
import { usableCores } from '../../runtime/node/sessions/limits.js';
import type { ProviderChoice, ProviderName } from '../../runtime/node/sessions/providers.js';
import type { SessionOptions } from '../../runtime/node/sessions/session.js';
import { inTemporaryFolder } from '../files/temporary-folder.js';
import { refuseOverwriting } from '../files/write-whole.js';
import type { Contestant } from '../measuring/bench-contestant.js';
import { type BenchReport, SCENARIOS, type Scenario } from '../measuring/bench-figures.js';
import { type AskedSizes, type BenchModel, readBenchModels } from '../measuring/bench-model.js';
import { inProcesses, race, type Start } from '../measuring/race.js';
import { peakMacs } from '../measuring/roofline.js';
import { WATCH, withOptions } from './option-kinds.js';

export interface BenchOptions extends AskedSizes, Pick<SessionOptions, 'strict' | 'threads'> {
  /** .onnx files; the others are compared with the first. */
  readonly models: readonly string[];
  /** Providers; every model is measured on each. Default: CPU. */
  readonly providers?: readonly ProviderChoice[];
  /** Default `single`. */
  readonly scenario?: Scenario;
  /** With `offline`: concurrent runs, each with its own copy of the model. Default: 2. */
  readonly workers?: number;
  /** Measured runs per model. Default: 50. */
  readonly runs?: number;
  /** Also count the nodes that each provider runs. */
  readonly placement?: boolean;
  /** An HTML file to write, with plots and the time of each operator. */
  readonly report?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

const KINDS: Kinds<BenchOptions> = {
  ...WATCH,
  models: kind.PATHS,
  providers: kind.listOf("'auto' or lists of providers", kind.either(kind.TEXT, kind.TEXTS)[1]),
  scenario: kind.oneOf(SCENARIOS),
  ...kind.each(['threads', 'workers'], kind.NUMBER),
  ...kind.each(['runs', 'batch'], kind.COUNT),
  ...kind.each(['strict', 'placement'], kind.FLAG),
  ...{ size: kind.sizesOf([], ['height', 'width']), report: kind.PATH },
};

/** More threads a core than this wait for each other longer than anyone measures. */
const THREADS_PER_CORE = 4;

/** How often each model is loaded anew. */
const LOADS = 5;

/**
 * Measures models side by side on noise, each in a process of its own, in turn and round by round.
 * @throws NmodeError: BAD_MODEL, BAD_USAGE, CANNOT_RUN, CANNOT_WRITE
 */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  return withOptions(options, KINDS, ['models'], measured);
}

async function measured(options: BenchOptions): Promise<BenchReport> {
  const { models: paths, report, signal } = options;
  refuseNonsense(options);
  if (report !== undefined) await refuseOverwriting([report], paths);
  const models = await readBenchModels(paths, options);
  return inProcesses(signal, async (start) => {
    const measured = await measure(models, options, start);
    if (report !== undefined)
      await (await import('../reports/bench-report.js')).writeBenchReport(report, measured);
    return measured;
  });
}

function refuseNonsense(options: BenchOptions): void {
  const { models, providers, scenario = 'single', workers, threads } = options;
  if (models.length === 0) throw badUsage('no model is given');
  if (providers?.length === 0) throw badUsage('no provider is given');
  const most = THREADS_PER_CORE * usableCores();
  if (threads !== undefined && threads > most) {
    throw badUsage(`${threads} threads: expected ${most} at most, ${THREADS_PER_CORE} for each core`);
  }
  if (scenario === 'single' && workers !== undefined && workers !== 1) {
    throw badUsage(`${option('workers', workers)} requires ${option('scenario', 'offline')}`);
  }
}

async function measure(
  models: readonly BenchModel[],
  options: BenchOptions,
  start: Start,
): Promise<BenchReport> {
  const { providers = [['cpu']], scenario = 'single', runs = 50, onProgress } = options;
  const { strict, threads, workers = scenario === 'offline' ? 2 : 1, placement, report } = options;
  const session = { workers, ...(strict && { strict }), ...(threads && { threads }) };
  const contestants = await race(models, { providers, session, runs, onProgress }, start);
  const [first] = contestants;
  if (first === undefined) throw new TypeError('no contestant');
  const peaks = new Map<ProviderName, number>();
  for (const { provider } of contestants) {
    if (peaks.has(provider)) continue;
    const measuring = start('matrix products');
    peaks.set(
      provider,
      await peakMacs(measuring, provider, Math.min(first.opened.threads * workers, usableCores())),
    );
    await measuring.close();
  }
  const inTurn = async (task: (contestant: Contestant) => Promise<void>) => {
    for (const each of contestants) await task(each);
  };
  await inTurn((each) => each.weigh());
  for (let round = 0; round < LOADS; round++) {
    await inTurn(async (each) => {
      const loading = start(each.model.name);
      await each.load(loading);
      await loading.close();
    });
  }
  if (placement || report !== undefined) {
    await inTemporaryFolder('nmode-bench', (folder) => inTurn((each) => each.profile(folder)));
  }
  return {
    models: contestants.map((each) => each.figures(first, peaks.get(each.provider) ?? Number.NaN)),
    ...{ scenario, runs, threads: first.opened.threads, workers },
    peakGmacPerSecond: (peaks.get(first.provider) ?? Number.NaN) / 1e9,
  };
}
