import { namesRead } from '../analysis/subgraphs.js';
import { ABSENT, type Node } from '../ir/model.js';

/**
 * Nodes behind those whose values they read, as ONNX asks for. Some exporters write them in any order, and onnxruntime takes that; what is
 * in order already, or goes round in a circle, stays as it is.
 */
export function inOrder(nodes: readonly Node[]): readonly Node[] {
  const producers = new Map<string, number>();
  for (const [place, { outputs }] of nodes.entries()) {
    for (const name of outputs) if (name !== ABSENT) producers.set(name, place);
  }
  const before = nodes.map((node) =>
    [...namesRead(node)].map((name) => producers.get(name)).filter((place) => place !== undefined),
  );
  if (before.every((places, place) => places.every((other) => other < place))) return nodes;
  const order = placesInOrder(before);
  return order === undefined ? nodes : order.flatMap((place) => nodes[place] ?? []);
}

/** Each place behind those that come before it, as near to the given order as that allows; undefined where there is a circle. */
function placesInOrder(before: readonly (readonly number[])[]): readonly number[] | undefined {
  const order: number[] = [];
  const states = new Array<'begun' | 'done' | undefined>(before.length);
  for (const first of before.keys()) {
    if (states[first] === 'done') continue;
    // A chain may be as long as the graph, so that calls within calls would not do.
    const stack = [{ place: first, rest: (before[first] ?? []).toReversed() }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      states[top.place] = 'begun';
      const next = top.rest.pop();
      if (next === undefined) {
        states[top.place] = 'done';
        order.push(top.place);
        stack.pop();
      } else if (states[next] !== 'done') {
        if (states[next] === 'begun') return undefined;
        stack.push({ place: next, rest: (before[next] ?? []).toReversed() });
      }
    }
  }
  return order;
}
