import { print, table } from '../../src/cli/output/print.js';
import { percentile } from '../../src/measuring/percentile.js';
import { LEFT, type Outcome } from './client.js';
import type { History } from './reloads.js';
import type { LoadRequest } from './requests.js';
import type { Version } from './versions.js';

/** The index of requests for health, which have no reference. */
export const HEALTH = -1;

export type Verdict =
  | 'answered'
  /** Before it was accepted. */
  | 'refused'
  /** Told that its deadline has passed. */
  | 'late'
  /** By its own sender. */
  | 'left'
  | { readonly lost: string };

/** What answers are held to. */
export interface Expected {
  readonly requests: readonly LoadRequest[];
  readonly versions: readonly Version[];
  readonly history: History;
}

/** What became of a request: whoever was accepted must be answered by a version that was served while it waited. */
export function judge(outcome: Outcome, { requests, versions, history }: Expected): Verdict {
  const { kind, index, status, digest, start, answered, error, type = '', text = '' } = outcome;
  if (error !== undefined) return error === LEFT ? 'left' : { lost: error };
  const hasGap = history.hasGap(start, answered);
  if (index === HEALTH) {
    if (status === 200) return 'answered';
    return kind === 'ready' && status === 503 && hasGap ? 'refused' : { lost: `${status} ${text}` };
  }
  if (status === 200) {
    const known = versions.map(({ digests }) => digests[index]);
    const isOf = (version: number) => known[version] === undefined || known[version] === digest;
    if (history.versions(start, answered).some(isOf)) return 'answered';
    return { lost: known.includes(digest) ? 'answered by another version' : 'wrong bytes' };
  }
  const isError = type.startsWith('application/json') && text.startsWith('{"error":');
  if (isError && status === requests[index]?.status) return 'answered';
  if (isError && status === 504) return 'late';
  if (isError && (status === 503 || (status === 404 && hasGap))) return 'refused';
  return { lost: `${status} ${text.slice(0, 100)}` };
}

const OTHERS = ['refused', 'late', 'left', 'lost'] as const;

/** What became of requests of a kind: milliseconds until each was answered, and how many were not. */
type Counts = { readonly answered: number[] } & Record<(typeof OTHERS)[number], number>;

/** What became of requests, by their kind. */
export class Tally {
  readonly #kinds = new Map<string, Counts>();
  /** Why, where, how often. */
  readonly #losses = new Map<string, number>();

  add(outcomes: readonly Outcome[], expected: Expected): void {
    for (const outcome of outcomes) this.#count(outcome, judge(outcome, expected));
  }

  #count({ kind, start, end }: Outcome, verdict: Verdict): void {
    const counts = this.#kinds.get(kind) ?? { answered: [], refused: 0, late: 0, left: 0, lost: 0 };
    this.#kinds.set(kind, counts);
    if (verdict === 'answered') counts.answered.push(end - start);
    else if (typeof verdict === 'string') counts[verdict]++;
    else {
      counts.lost++;
      const what = `${kind}: ${verdict.lost}`;
      this.#losses.set(what, (this.#losses.get(what) ?? 0) + 1);
    }
  }

  /** How many requests were refused, were late, left, or were lost. */
  count(what: (typeof OTHERS)[number]): number {
    return [...this.#kinds.values()].reduce((sum, counts) => sum + counts[what], 0);
  }

  /** Milliseconds until requests of a kind were answered. */
  latency(kind: string, p: number): number {
    const times = this.#kinds.get(kind)?.answered ?? [];
    return percentile(
      times.toSorted((a, b) => a - b),
      p,
    );
  }

  print(): void {
    const ms = (value: number) => (Number.isNaN(value) ? '' : `${value.toFixed(0)} ms`);
    const rows = [...this.#kinds].map(([kind, counts]) => [
      kind,
      String(counts.answered.length),
      ...OTHERS.map((other) => String(counts[other])),
      ms(this.latency(kind, 0.5)),
      ms(this.latency(kind, 0.99)),
    ]);
    print(`${table(['request', 'answered', ...OTHERS, 'p50', 'p99'], rows)}\n`);
    for (const [what, count] of this.#losses) print(`lost ${count}: ${what}`);
  }
}

/** One line a criterion; one that does not hold makes the command fail. */
export function verdict(criterion: string, found: string, holds: boolean): void {
  print(`${holds ? 'ok  ' : 'MISS'}  ${criterion}: ${found}`);
  if (!holds) process.exitCode = 1;
}
