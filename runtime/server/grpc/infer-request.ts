/**
 * ModelInferRequest of the Open Inference Protocol v2, read by hand: tensors stay views of the message, and what a decoder would
 * make millions of objects of, entries of two bytes each, is bounded.
 */
import { badUsage } from '../../../graph/common/errors.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import type { Port } from '../../sessions/tensors.js';
import type { TensorRequest } from '../admission/call.js';
import {
  checkByteSize,
  checkRank,
  checkTensor,
  elementsOf,
  type InputTensor,
} from '../protocol/datatypes.js';
import { refuseSharedMemory } from '../protocol/shared-memory.js';
import { rawFiles, typedFiles, typedNumbers } from './contents.js';
import { Parameters } from './parameters.js';
import { bytesField, eachField, numbersField, type ReadField, readFields, textInto } from './wire.js';

type MemoryOf = (length: number) => ArrayBuffer;

/** Inputs, outputs and tensors that a request may have, each. */
const MAX_ENTRIES = 256;

/** An input, or an output that is asked for. */
class Entry {
  name = '';
  datatype: string | undefined;
  readonly dims: number[] = [];
  readonly parameters = new Parameters();
  /** Numbers one by one, in a field of their type. */
  contents: Uint8Array | undefined;

  constructor(bytes: Uint8Array, isInput: boolean) {
    const name = textInto(this, 'name');
    eachField(bytes, isInput ? { 1: name, ...this.#inputFields } : { 1: name, 2: this.parameters.field });
  }

  get #inputFields(): Record<number, ReadField> {
    return {
      2: textInto(this, 'datatype'),
      3: numbersField((reader) => {
        this.dims.push(Number(reader.int64()));
        checkRank(this.name, this.dims);
      }),
      4: this.parameters.field,
      5: bytesField((contents) => {
        if (this.contents !== undefined) throw badUsage(`input '${this.name}' has its contents twice`);
        this.contents = contents;
      }),
    };
  }
}

/** An image, and what is said of its mask. */
export interface ImageMessage {
  readonly files: readonly Uint8Array[];
  readonly parameters: Parameters;
}

/** A request as it stands: its model is not asked yet. */
export class InferMessage {
  model = '';
  version = '';
  id = '';
  readonly #parameters = new Parameters();
  readonly #inputs: Entry[] = [];
  readonly #outputs: Entry[] = [];
  readonly #raw: Uint8Array[] = [];

  /** @throws NmodeError (BAD_USAGE) where the bytes are no such message, or out of all proportion */
  constructor(bytes: Uint8Array) {
    const add = <T>(list: T[], entry: T, what: string) => {
      if (list.push(entry) > MAX_ENTRIES) throw badUsage(`the request has more than ${MAX_ENTRIES} ${what}`);
    };
    readFields(bytes, 'the message is no ModelInferRequest', {
      ...nameFields(this),
      3: textInto(this, 'id'),
      4: this.#parameters.field,
      5: bytesField((entry) => add(this.#inputs, new Entry(entry, true), 'inputs')),
      6: bytesField((entry) => add(this.#outputs, new Entry(entry, false), 'outputs')),
      7: bytesField((tensor) => add(this.#raw, tensor, 'raw_input_contents')),
    });
  }

  /** The image that is sent, where it is one: an input of that name whose elements are files. @throws NmodeError (BAD_USAGE) */
  get image(): ImageMessage | undefined {
    const [input, ...others] = this.#inputs;
    if (input?.name !== 'image' || input.datatype !== 'BYTES' || others.length > 0) return undefined;
    const [raw] = this.#raw;
    const files = raw === undefined ? typedFiles(input.contents) : rawFiles(raw);
    const count = elementCount(input.dims);
    if (files.length !== count)
      throw badUsage(`input 'image' has ${files.length} files, expected ${count} by its shape`);
    return { files, parameters: this.#parameters };
  }

  /** Whether outputs are wanted as bytes: as the inputs came, where nothing is said. @throws NmodeError (BAD_USAGE) */
  get isRaw(): boolean {
    return this.#parameters.boolean('binary_data_output') ?? this.#raw.length > 0;
  }

  /**
   * What is asked of a model.
   * @param ports what it takes
   * @param memoryOf gives memory for tensors that are not views of the message
   * @throws NmodeError: BAD_USAGE, UNSUPPORTED
   */
  read(ports: readonly Port[], maxElements: number, memoryOf: MemoryOf): TensorRequest {
    const [inputs, raw] = [this.#inputs, this.#raw];
    if (inputs.length === 0) throw badUsage("the request has no 'inputs'");
    if (raw.length > 0 && raw.length !== inputs.length)
      throw badUsage(
        `raw_input_contents has ${raw.length} tensors for ${inputs.length} inputs, expected one each`,
      );
    const read: Record<string, InputTensor> = {};
    for (const [index, input] of inputs.entries()) {
      if (Object.hasOwn(read, input.name)) throw badUsage(`input '${input.name}' is given twice`);
      read[input.name] = tensorOf(input, raw[index], ports, maxElements, memoryOf);
    }
    const classes = new Map<string, number>();
    for (const { name, parameters } of this.#outputs) {
      const count = parameters.count('classification', 'a number of classes');
      if (count !== undefined) classes.set(name, count);
    }
    return { inputs: read, outputs: this.#outputNames(), classes, timeout: this.timeout };
  }

  /** Milliseconds that its sender waits, where it says so itself. @throws NmodeError (BAD_USAGE) */
  get timeout(): number | undefined {
    const microseconds = this.#parameters.count('timeout', 'a number of microseconds');
    return microseconds ? microseconds / 1000 : undefined;
  }

  #outputNames(): readonly string[] | undefined {
    const names = this.#outputs.map(({ name, parameters }) => {
      refuseSharedMemory(`output '${name}'`, parameters.names);
      return name;
    });
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined) throw badUsage(`output '${twice}' is asked for twice`);
    return names.length > 0 ? names : undefined;
  }
}

const nameFields = (kept: { model: string; version: string }) => ({
  1: textInto(kept, 'model'),
  2: textInto(kept, 'version'),
});

function tensorOf(
  { name, datatype, dims, parameters, contents }: Entry,
  raw: Uint8Array | undefined,
  ports: readonly Port[],
  maxElements: number,
  memoryOf: MemoryOf,
): InputTensor {
  refuseSharedMemory(`input '${name}'`, parameters.names);
  if (dims.some((size) => !Number.isSafeInteger(size) || size < 0))
    throw badUsage(`input '${name}': 'shape' is not a list of sizes`);
  const checked = checkTensor(name, datatype, dims, ports, maxElements);
  if (raw === undefined) {
    const data = typedNumbers(name, contents ?? new Uint8Array(), checked.datatype, checked.count);
    return { dims, data } as InputTensor;
  }
  if (contents !== undefined && contents.length > 0)
    throw badUsage(`input '${name}' has both contents and raw_input_contents`);
  checkByteSize(name, raw.length, dims, checked);
  return { dims, data: elementsOf(raw, checked.datatype, memoryOf) } as InputTensor;
}

/**
 * The model that a request names, of the first bytes of its message: clients write it first.
 * @returns undefined where it cannot be told yet
 */
export function modelNamedIn(
  head: Uint8Array,
): { readonly model: string; readonly version: string } | undefined {
  const found = { model: '', version: '' };
  let isWhole = false;
  const end: ReadField = () => {
    isWhole = true;
    throw new RangeError('another field begins');
  };
  try {
    eachField(head, { ...nameFields(found), 3: end, 4: end, 5: end, 6: end, 7: end });
  } catch {
    // The names end, or the bytes do.
  }
  return isWhole && found.model !== '' ? found : undefined;
}
