import { elementCount } from '../../../graph/ir/tensor.js';
import { grouped } from '../../files/grouped.js';
import type { TensorReport } from '../../index.js';
import { count } from '../../reports/figures.js';
import { paragraph, table } from './print.js';

/** More lines than these are folded, into as many at most. */
const MOST = 30;

/** Of names that have no modules in common, how many are shown from each end. */
const ENDS = MOST / 2;

/** The tensors of a file, a line each; many by the modules that they are of, unless all are asked for. */
export function tensorTable(tensors: readonly TensorReport[], all?: true): string {
  if (all || tensors.length <= MOST) return eachTensor(tensors);
  const modules = modulesOf(tensors);
  const more = paragraph(`(${count(tensors.length)} tensors: --all lists each)`);
  if (modules !== undefined) return `${moduleTable(modules)}\n${more}`;
  return `${eachTensor([...tensors.slice(0, ENDS), ...tensors.slice(-ENDS)])}\n${more}`;
}

const shapeText = ({ shape }: TensorReport) => `[${shape.join(', ')}]`;

const eachTensor = (tensors: readonly TensorReport[]) =>
  table(
    ['tensor', 'type', 'shape'],
    tensors.map((tensor) => [tensor.name, tensor.dtype, shapeText(tensor)]),
  );

type Modules = ReadonlyMap<string, readonly TensorReport[]>;

const moduleTable = (modules: Modules) =>
  table(
    ['module', 'tensors', 'numbers'],
    Array.from(modules, ([module, tensors]) => [
      module,
      count(tensors.length),
      count(tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0)),
    ]),
  );

/** As deep as they fit; undefined where there are too many even of the first names. */
function modulesOf(tensors: readonly TensorReport[]): Modules | undefined {
  const deepest = Math.max(...tensors.map(({ name }) => name.split('.').length));
  let found: Modules | undefined;
  for (let depth = 1; depth <= deepest; depth++) {
    const modules = grouped(tensors, ({ name }) => name.split('.').slice(0, depth).join('.'));
    if (modules.size > MOST) return found;
    found = modules;
  }
  return found;
}
