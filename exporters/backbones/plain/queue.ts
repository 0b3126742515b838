import { at } from '../../../graph/common/at.js';

/** A binary heap: what comes first by an order is taken first. */
export class Queue<T> {
  readonly #items: T[] = [];

  constructor(readonly order: (a: T, b: T) => number) {}

  push(item: T): void {
    let place = this.#items.push(item) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.order(at(this.#items, parent), item) <= 0) break;
      this.#items[place] = at(this.#items, parent);
      place = parent;
    }
    this.#items[place] = item;
  }

  pop(): T | undefined {
    const [first] = this.#items;
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#items.length) break;
      if (
        child + 1 < this.#items.length &&
        this.order(at(this.#items, child + 1), at(this.#items, child)) < 0
      )
        child++;
      if (this.order(last, at(this.#items, child)) <= 0) break;
      this.#items[place] = at(this.#items, child);
      place = child;
    }
    this.#items[place] = last;
    return first;
  }
}
