import type { NmodeError } from '../../graph/common/errors.js';
import { untilAborted } from '../common/abort.js';
import { clientLeft } from './failures.js';

interface Turn<K> {
  readonly kind: K;
  begun: boolean;
  /** How many wait for its end. */
  wanted: number;
  done: Promise<void>;
}

/**
 * Work of several kinds on things with names: on one name one after the other, in the order in which it is asked for. Who asks
 * for what already waits to begin joins it, and what nobody waits for any more is not begun.
 */
export class Turns<K extends string> {
  readonly #turns = new Map<string, Turn<K>[]>();
  #ended: NmodeError | undefined;

  /**
   * @param signal of one that no longer waits for it
   * @throws what the work fails with; the signal's reason
   */
  take(name: string, kind: K, work: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const last = this.#turns.get(name)?.at(-1);
    const turn = last?.kind === kind && !last.begun ? last : this.#append(name, kind, work);
    turn.wanted++;
    if (signal === undefined) return turn.done;
    return untilAborted(turn.done, signal).catch((error: unknown) => {
      if (signal.aborted) turn.wanted--;
      throw error;
    });
  }

  #append(name: string, kind: K, work: () => Promise<void>): Turn<K> {
    const turns = this.#turns.get(name) ?? [];
    this.#turns.set(name, turns);
    const before = turns.at(-1)?.done ?? Promise.resolve();
    const turn: Turn<K> = { kind, begun: false, wanted: 0, done: before };
    turn.done = before
      .catch(() => {})
      .then(() => {
        turn.begun = true;
        if (this.#ended !== undefined) throw this.#ended;
        if (turn.wanted === 0) throw clientLeft();
        return work();
      })
      .finally(() => {
        turns.splice(turns.indexOf(turn), 1);
        if (turns.length === 0) this.#turns.delete(name);
      });
    turn.done.catch(() => {});
    turns.push(turn);
    return turn;
  }

  /** Whether something of a kind is under way, or waits. */
  has(name: string, kind: K): boolean {
    return this.#turns.get(name)?.some((turn) => turn.kind === kind) ?? false;
  }

  /** Begins nothing more, and waits for what is under way. */
  async end(why: NmodeError): Promise<void> {
    this.#ended ??= why;
    await Promise.allSettled([...this.#turns.values()].flat().map(({ done }) => done));
  }
}
