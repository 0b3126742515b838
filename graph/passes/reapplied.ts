import type { Node } from '../model.js';
import { apply } from '../op.js';
import { definitionOf } from '../ops/index.js';
import type { Rewriting } from '../rewrite.js';
import type { Value } from '../value.js';

/** The same operator, with the same attributes and other inputs, of another first input. */
export function reapplied(node: Node, x: Value, graph: Rewriting): Value {
  const definition = definitionOf(node, graph.opset);
  if (definition === undefined) throw new TypeError(`node '${node.name}' (${node.opType}) is not known`);
  const rest = node.inputs.slice(1).map((name) => (name === '' ? undefined : graph.value(name)));
  return apply(definition, [x, ...rest], Object.fromEntries(node.attributes));
}
