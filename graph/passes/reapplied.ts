import type { Node } from '../ir/model.js';
import { apply } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { definitionOf } from '../ops/index.js';
import type { Rewriting } from '../rewriting/rewrite.js';

/** The same operator, with the same attributes and other inputs, of another first input. */
export function reapplied(node: Node, x: Value, graph: Rewriting): Value {
  const definition = definitionOf(node, graph.opset);
  if (definition === undefined) throw new TypeError(`node '${node.name}' (${node.opType}) is not known`);
  const rest = node.inputs.slice(1).map((name) => (name === '' ? undefined : graph.value(name)));
  return apply(definition, [x, ...rest], Object.fromEntries(node.attributes));
}
