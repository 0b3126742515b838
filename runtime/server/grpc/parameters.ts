import type { Reader } from 'protobufjs';
import { badUsage } from '../../../graph/common/errors.js';
import { bytesField, eachField, numbersField, textField, textInto } from './wire.js';

type Parameter = boolean | number | string;

/** The most parameters of one thing: more than any extension of the protocol has. */
const MAX_PARAMETERS = 64;

/** What a request says of itself, of an input or of an output, by name. */
export class Parameters {
  readonly #values = new Map<string, Parameter>();

  /** Takes an entry of a map of InferParameter. @throws NmodeError (BAD_USAGE) for too many */
  readonly field = bytesField((entry) => {
    const kept = { name: '' };
    let value: Parameter = '';
    const number = (read: (reader: Reader) => Parameter) =>
      numbersField((reader) => {
        value = read(reader);
      });
    const valueFields = {
      1: number((reader) => reader.bool()),
      2: number((reader) => Number(reader.int64())),
      3: textField((text) => {
        value = text;
      }),
      4: number((reader) => reader.double()),
      5: number((reader) => Number(reader.uint64())),
    };
    eachField(entry, {
      1: textInto(kept, 'name'),
      2: bytesField((bytes) => eachField(bytes, valueFields)),
    });
    this.#values.set(kept.name, value);
    if (this.#values.size > MAX_PARAMETERS)
      throw badUsage(`the request has more than ${MAX_PARAMETERS} parameters of one kind`);
  });

  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** @throws NmodeError (BAD_USAGE) for one of another type */
  boolean(name: string): boolean | undefined {
    const value = this.#values.get(name);
    if (value !== undefined && typeof value !== 'boolean') throw badUsage(`'${name}' is not true or false`);
    return value;
  }

  /** @throws NmodeError (BAD_USAGE) for one of another type */
  number(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value !== undefined && typeof value !== 'number') throw badUsage(`'${name}' is not a number`);
    return value;
  }

  /** A number that is not negative. @throws NmodeError (BAD_USAGE) for another */
  count(name: string, what: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || Number(value) < 0) throw badUsage(`'${name}' is not ${what}`);
    return Number(value);
  }
}
