import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import type { Profile } from '../../runtime/node/sessions/provider-placement.js';
import type { ProviderName } from '../../runtime/node/sessions/providers.js';
import type { SessionOptions } from '../../runtime/node/sessions/session.js';
import { type Difference, DifferenceCount, WantedOutput, worstOf } from '../transform/difference.js';
import type { BenchMethods, OpenedModel, Turn } from './bench-child.js';
import type { BenchFigures } from './bench-figures.js';
import type { BenchModel } from './bench-model.js';
import type { BenchProcess } from './bench-process.js';
import { median, percentile } from './percentile.js';

/** A model in a process of its own, and what was measured of it. */
export class Contestant {
  readonly #turns: Turn[] = [];
  readonly #loads: number[] = [];
  #peakBytes = Number.NaN;
  #profile: Profile | undefined;

  private constructor(
    readonly model: BenchModel,
    readonly process: BenchProcess,
    readonly opened: OpenedModel,
  ) {}

  /** Loads the model and runs it once. */
  static async open(model: BenchModel, options: SessionOptions, process: BenchProcess): Promise<Contestant> {
    const opening = { path: model.path, ports: model.ports, options };
    return new Contestant(model, process, await ask(model, process, 'open', opening));
  }

  get provider(): ProviderName {
    return this.opened.provider.effective;
  }

  async run(runs: number): Promise<void> {
    this.#turns.push(await ask(this.model, this.process, 'turn', runs));
  }

  /** Notes the peak of its memory. */
  async weigh(): Promise<void> {
    this.#peakBytes = await ask(this.model, this.process, 'peakBytes', undefined);
  }

  /** @param process that has just started */
  async load(process: BenchProcess): Promise<void> {
    const { provider, threads } = this.opened;
    const loading = { path: this.model.path, provider: provider.effective, threads };
    this.#loads.push(await ask(this.model, process, 'load', loading));
  }

  /** @param parent of a folder for onnxruntime's files */
  async profile(parent: string): Promise<void> {
    const folder = await mkdtemp(join(parent, 'profile-'));
    this.#profile = await ask(this.model, this.process, 'profile', { path: this.model.path, folder });
  }

  get #times(): readonly number[] {
    return this.#turns.flatMap((turn) => turn.times);
  }

  /** Its median time in milliseconds, and the median over rounds of its median beside that of the first. */
  latency(first: Contestant): Pick<BenchFigures, 'p50' | 'ratioToFirst'> {
    const ratios = this.#turns.map(
      (turn, round) => median(turn.times) / median(at(first.#turns, round).times),
    );
    const sorted = this.#times.toSorted((a, b) => a - b);
    return { p50: percentile(sorted, 0.5), ratioToFirst: median(ratios) };
  }

  /** @param peakMacs multiply-adds a second that its provider reaches */
  figures(first: Contestant, peakMacs: number): BenchFigures {
    const { model, opened } = this;
    const times = this.#times;
    const sorted = times.toSorted((a, b) => a - b);
    const { p50, ratioToFirst } = this.latency(first);
    const input = model.ports[0]?.shape.map(Number) ?? [];
    // What has no axes is one image.
    const images = input.length === 0 ? 1 : at(input, 0);
    const elapsed = this.#turns.reduce((sum, turn) => sum + turn.elapsed, 0);
    const agreement = this.#agreementWith(first);
    const macsPerSecond = model.macs && (model.macs * opened.workers * 1000) / p50;
    return {
      ...{ file: model.name, provider: this.provider, session: opened.provider, input },
      ...{ p50, p90: percentile(sorted, 0.9), p99: percentile(sorted, 0.99) },
      throughput: (images * times.length * 1000) / elapsed,
      ratioToFirst,
      loadMs: median(this.#loads),
      firstMs: opened.first,
      peakRssMb: this.#peakBytes / 1e6,
      ...{ bytes: model.bytes, nodes: model.nodes, assumed: model.assumed },
      ...(model.macs !== undefined && { macs: model.macs }),
      ...(macsPerSecond && {
        gmacPerSecond: macsPerSecond / 1e9,
        shareOfPeak: macsPerSecond / peakMacs,
      }),
      ...(agreement && { agreement }),
      ...this.#profile,
      times,
    };
  }

  /** Outputs are paired by their order: exporters name them as they like. */
  #agreementWith(first: Contestant): Difference | undefined {
    const portsOf = ({ model, opened }: Contestant) =>
      JSON.stringify([
        model.ports.map(({ dtype, shape }) => [dtype, shape]),
        opened.outputs.map(({ dims }) => dims),
      ]);
    if (portsOf(this) !== portsOf(first)) return undefined;
    return worstOf(
      first.opened.outputs.map((output, index) => {
        const name = at(first.opened.names, index);
        const count = new DifferenceCount(new WantedOutput(name, [output], first.model.meanings.get(name)));
        count.add(at(this.opened.outputs, index).data);
        return count.difference;
      }),
    );
  }
}

/** Puts the model's name before what goes wrong in its process. */
async function ask<K extends keyof BenchMethods & string>(
  { name }: BenchModel,
  process: BenchProcess,
  method: K,
  argument: Parameters<BenchMethods[K]>[0],
): Promise<Awaited<ReturnType<BenchMethods[K]>>> {
  try {
    return await process.call(method, argument);
  } catch (error) {
    if (!(error instanceof NmodeError) || error.code === 'INTERRUPTED') throw error;
    throw new NmodeError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}
