import { copyFileSync, renameSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { reason } from '../../graph/common/errors.js';
import { now, send } from './client.js';
import { MODEL } from './requests.js';
import type { Version } from './versions.js';

/** How a model comes in the place of the one before, whose file has been replaced. */
export type Way = 'load' | 'unload and load' | 'watch';

/** When, in milliseconds since 1970, a version of a model may have been served. */
interface Reign {
  readonly version: number;
  readonly from: number;
  until: number;
}

/** What was served when. */
export class History {
  readonly #reigns: Reign[] = [
    { version: 0, from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY },
  ];
  readonly #gaps: { readonly from: number; until: number }[] = [];
  reloads = 0;
  /** Loads and unloads that failed, with what was said. */
  readonly failures: string[] = [];

  /** A version is asked for, which is served from then on at the earliest. */
  loading(version: number, at: number): void {
    this.#reigns.push({ version, from: at, until: Number.POSITIVE_INFINITY });
  }

  /** The last version that was asked for is served, and no other. */
  loaded(at: number): void {
    for (const reign of this.#reigns.slice(0, -1)) reign.until = Math.min(reign.until, at);
    for (const gap of this.#gaps) gap.until = Math.min(gap.until, at);
    this.reloads++;
  }

  /** What was served is served no more. @param asked when that was asked for */
  unloaded(asked: number, at: number): void {
    for (const reign of this.#reigns) reign.until = Math.min(reign.until, at);
    this.#gaps.push({ from: asked, until: Number.POSITIVE_INFINITY });
  }

  /** Versions that may answer a request which came at one time and was answered at another. */
  versions(came: number, answered: number): readonly number[] {
    return this.#reigns
      .filter(({ from, until }) => from <= answered && came <= until)
      .map(({ version }) => version);
  }

  /** Whether no version was served at some time between. */
  hasGap(came: number, answered: number): boolean {
    return this.#gaps.some(({ from, until }) => from <= answered && came <= until);
  }
}

/** How long a file that was replaced may not be loaded, in milliseconds. */
const PATIENCE = 20_000;

/** Replaces the model of a server by the next of its versions. */
export class Reloader {
  readonly history = new History();
  readonly #url: string;
  readonly #way: Way;
  readonly #file: string;
  readonly #versions: readonly Version[];
  #turn = 0;

  /** @param file what is served; it is given the first of the versions */
  constructor(url: string, way: Way, file: string, versions: readonly Version[]) {
    this.#url = url;
    this.#way = way;
    this.#file = file;
    this.#versions = versions;
  }

  /** Over and over, until the signal aborts. @param interval milliseconds from one to the next */
  async run(interval: number, ending: AbortSignal): Promise<void> {
    while (!ending.aborted) {
      const next = now() + interval;
      await this.reload();
      await setTimeout(Math.max(0, next - now()), undefined, { signal: ending }).catch(() => {});
    }
  }

  async reload(): Promise<void> {
    const version = ++this.#turn % this.#versions.length;
    const loads = this.#way === 'watch' ? await this.#loads() : 0;
    copyFileSync(this.#versions[version]?.file ?? '', `${this.#file}.next`);
    if (this.#way === 'unload and load') {
      const asked = now();
      if (!(await this.#post('unload'))) return;
      this.history.unloaded(asked, now());
    }
    this.history.loading(version, now());
    renameSync(`${this.#file}.next`, this.#file);
    if (!(await (this.#way === 'watch' ? this.#isWatched(loads) : this.#post('load')))) return;
    this.history.loaded(now());
  }

  async #post(what: 'load' | 'unload'): Promise<boolean> {
    const path = `/v2/repository/models/${MODEL}/${what}`;
    const { status, text, error } = await send(this.#url, { method: 'POST', path }, false);
    if (status !== 200) this.history.failures.push(`${what}: ${error ?? `${status} ${text}`}`);
    return status === 200;
  }

  /** Whether the model is loaded once more than it was. */
  async #isWatched(before: number): Promise<boolean> {
    const end = now() + PATIENCE;
    while (now() < end) {
      if ((await this.#loads()) > before) return true;
      await setTimeout(50);
    }
    this.history.failures.push('a file that was replaced was not loaded');
    return false;
  }

  /** How often the model was loaded, by the server's own count; NaN where it does not tell. */
  async #loads(): Promise<number> {
    const text = await fetch(`${this.#url}/metrics`).then((response) => response.text(), reason);
    return Number(/^nmode_model_loads\{.*outcome="success".*\} (\d+)/m.exec(text)?.[1] ?? Number.NaN);
  }
}
