import type { PickleValue } from '../pickle/pickle-values.js';
import { PickledObject, tensorOf } from './torch-values.js';

/** Modules within modules; PyTorch's own recursion ends at 1000. */
const MAX_DEPTH = 100;
/** Modules looked into in all, one that is used twice counted twice. */
const MAX_MODULES = 50_000;

/** Characters of a key before its last part; thousands of keys share it. */
const MAX_PREFIX = 1024;

/** TorchScript's classes; tensors and modules are attributes of their objects. */
const SCRIPTED = '__torch__';

/**
 * What `state_dict()` of the models in a pickle would give: the parameters and buffers in the state of their modules, none of
 * whose code is needed.
 */
export class ModuleStates {
  readonly #known = new Map<PickledObject, Map<string, PickleValue> | undefined>();
  #modules = 0;

  /**
   * Undefined for objects that are no modules.
   * @throws RangeError for modules that hold themselves
   */
  of(object: PickledObject): Map<string, PickleValue> | undefined {
    if (!this.#known.has(object)) {
      const state = new Map<string, PickleValue>();
      this.#visit(object, '', 0, state);
      this.#known.set(object, state.size > 0 ? state : undefined);
    }
    return this.#known.get(object);
  }

  #visit(module: PickledObject, prefix: string, depth: number, state: Map<string, PickleValue>): void {
    if (depth > MAX_DEPTH || prefix.length > MAX_PREFIX || ++this.#modules > MAX_MODULES) {
      throw new RangeError(
        `the modules of ${module.path} are nested too deeply, are too many or hold themselves`,
      );
    }
    for (const [name, value] of ownTensors(module)) state.set(`${prefix}${name}`, value);
    for (const [name, child] of children(module)) this.#visit(child, `${prefix}${name}.`, depth + 1, state);
  }
}

function* ownTensors({ path, attributes }: PickledObject): Generator<[string, PickleValue]> {
  const transient = attributes.get('_non_persistent_buffers_set');
  const isTransient = (name: string) => transient instanceof Set && transient.has(name);
  const places = path.startsWith(SCRIPTED)
    ? [attributes]
    : [attributes.get('_parameters'), attributes.get('_buffers')];
  for (const place of places) {
    for (const [name, value] of namedValues(place)) {
      if (tensorOf(value) !== undefined && !isTransient(name)) yield [name, value];
    }
  }
}

function* children({ path, attributes }: PickledObject): Generator<[string, PickledObject]> {
  const isScripted = path.startsWith(SCRIPTED);
  for (const [name, value] of namedValues(isScripted ? attributes : attributes.get('_modules'))) {
    if (value instanceof PickledObject && value.path.startsWith(SCRIPTED) === isScripted) yield [name, value];
  }
}

function* namedValues(place: PickleValue | undefined): Generator<[string, PickleValue]> {
  if (!(place instanceof Map)) return;
  for (const [name, value] of place) if (typeof name === 'string') yield [name, value];
}
