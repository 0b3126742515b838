import { Cursor, type FileSource, memorySource } from '../source.js';
import { TorchWorld } from '../torch/torch.js';
import { readTorchLegacy } from '../torch/torch-legacy.js';
import { MAX_PICKLE_BYTES, type PickledFile } from '../torch/torch-zip.js';
import { unpickle } from './pickle.js';
import { PickleBudget } from './pickle-machine.js';

/**
 * The object in a file of Python's own `pickle.dump`: arrays of NumPy hold their numbers, tensors a stream of `torch.save` each.
 */
export function readPlainPickle(source: FileSource): PickledFile {
  const budget = new PickleBudget();
  const world = new TorchWorld({
    locate({ key }) {
      throw new Error(`storage '${key}' is missing: the pickle is a part of another file`);
    },
    bigEndian: false,
    load: (stream) => readTorchLegacy(memorySource(stream), budget),
  });
  const object = unpickle(new Cursor(source, 0, MAX_PICKLE_BYTES), world, budget);
  return { object, notes: [] };
}
