import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import {
  checkOptions,
  each,
  either,
  FLAG,
  type Kinds,
  listOf,
  NUMBER,
  oneOf,
  PATH,
  PATHS,
  sizesOf,
  TEXT,
  TEXTS,
} from '../../graph/common/option-kinds.js';
import { onAbort } from '../../runtime/common/abort.js';
import { usableCores } from '../../runtime/node/sessions/limits.js';
import type { ProviderChoice, ProviderName } from '../../runtime/node/sessions/providers.js';
import type { SessionOptions } from '../../runtime/node/sessions/session.js';
import { inTemporaryFolder } from '../files/temporary-folder.js';
import { refuseOverwriting } from '../files/write-whole.js';
import { Contestant } from '../measuring/bench-contestant.js';
import { type BenchReport, SCENARIOS, type Scenario } from '../measuring/bench-figures.js';
import { type AskedSizes, type BenchModel, readBenchModels } from '../measuring/bench-model.js';
import { type BenchProcess, startProcess } from '../measuring/bench-process.js';
import { peakMacs } from '../measuring/roofline.js';
import { WATCH } from './option-kinds.js';

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
  models: PATHS,
  providers: listOf("'auto' or lists of providers", either(TEXT, TEXTS)[1]),
  scenario: oneOf(SCENARIOS),
  ...each(['threads', 'workers', 'runs', 'batch'], NUMBER),
  ...each(['strict', 'placement'], FLAG),
  ...{ size: sizesOf([], ['height', 'width']), report: PATH },
};

/** More threads a core than this wait for each other longer than anyone measures. */
const THREADS_PER_CORE = 4;

/** Runs in a row before the next model's turn, of each worker; how often each is loaded anew. */
const [TURN, LOADS] = [4, 5];

/**
 * Measures models side by side on noise, each in a process of its own, in turn and round by round.
 * @throws NmodeError: BAD_MODEL, BAD_USAGE, CANNOT_RUN, CANNOT_WRITE
 */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  checkOptions(options, KINDS, ['models']);
  const { models: paths, report, signal } = options;
  refuseNonsense(options);
  if (report !== undefined) await refuseOverwriting([report], paths);
  const models = await readBenchModels(paths, options);
  const processes: BenchProcess[] = [];
  const start = (owner: string) => {
    signal?.throwIfAborted();
    const started = startProcess(owner);
    processes.push(started);
    return started;
  };
  const forget =
    signal &&
    onAbort(signal, () => {
      for (const each of processes) each.abandon(signal.reason);
    });
  try {
    const measured = await measure(models, options, start);
    if (report !== undefined)
      await (await import('../reports/bench-report.js')).writeBenchReport(report, measured);
    return measured;
  } finally {
    forget?.();
    await Promise.all(processes.map((each) => each.close()));
  }
}

function refuseNonsense(options: BenchOptions): void {
  const { models, providers, runs = 50, scenario = 'single', workers, threads, batch = 1 } = options;
  const usage = (why: string) => new NmodeError('BAD_USAGE', why);
  if (models.length === 0) throw usage('no model is given');
  if (providers?.length === 0) throw usage('no provider is given');
  for (const [what, value] of Object.entries({ runs, batch })) {
    if (!(Number.isSafeInteger(value) && value > 0)) {
      throw usage(`${what} ${value}: expected a whole number of at least 1`);
    }
  }
  const most = THREADS_PER_CORE * usableCores();
  if (threads !== undefined && threads > most) {
    throw usage(`${threads} threads: expected ${most} at most, ${THREADS_PER_CORE} for each core`);
  }
  if (scenario === 'single' && workers !== undefined && workers !== 1) {
    throw usage(`${option('workers', workers)} requires ${option('scenario', 'offline')}`);
  }
}

async function measure(
  models: readonly BenchModel[],
  options: BenchOptions,
  start: (owner: string) => BenchProcess,
): Promise<BenchReport> {
  const { providers = [['cpu']], scenario = 'single', runs = 50, onProgress } = options;
  const { strict, threads, workers = scenario === 'offline' ? 2 : 1, placement, report } = options;
  const session = { workers, ...(strict && { strict }), ...(threads && { threads }) };
  const contestants: Contestant[] = [];
  for (const model of models) {
    for (const choice of providers) {
      contestants.push(await Contestant.open(model, { ...session, providers: choice }, start(model.name)));
    }
  }
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
  const perTurn = TURN * workers;
  for (let done = 0; done < runs; done += perTurn) {
    onProgress?.(done, runs);
    await inTurn((each) => each.run(Math.min(perTurn, runs - done)));
  }
  onProgress?.(runs, runs);
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
