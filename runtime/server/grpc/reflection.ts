import type { Root } from 'protobufjs';
import { printable } from '../../../graph/common/errors.js';
import type { Exchange } from './exchange.js';
import { HEALTH } from './health.js';
import { INFERENCE } from './inference.js';
import { type Codec, codecOf, type Fields, readDescriptors } from './interfaces.js';
import { decoded, type Method, SMALL_MESSAGE } from './method.js';
import { CODES, type CodeName } from './status.js';
import { bytesField, eachField, textField } from './wire.js';

const SERVICES = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

/** All that are served. */
const SERVED = [INFERENCE, HEALTH, ...SERVICES];

/** Tells clients such as grpcurl which services there are, and what their messages are. */
export function reflectionMethods(root: Root): ReadonlyMap<string, Method> {
  let files: DescriptorFiles | undefined;
  return new Map(
    SERVICES.map((service) => {
      const path = `/${service}/ServerReflectionInfo`;
      const codec = codecOf(root, path);
      const answer = (exchange: Exchange) => {
        files ??= new DescriptorFiles(readDescriptors());
        return reflect(exchange, codec, files);
      };
      return [path, { answer }];
    }),
  );
}

async function reflect(exchange: Exchange, codec: Codec, files: DescriptorFiles): Promise<void> {
  const messages = exchange.messages({ limit: SMALL_MESSAGE });
  for (let message = await messages.next(); message !== undefined; message = await messages.next()) {
    const request = decoded(codec, message);
    const head = { valid_host: request.host, original_request: request };
    exchange.send([codec.encode({ ...head, ...files.answer(request) })]);
  }
  exchange.end();
}

/** Fields of descriptor.proto that hold things with names, by what they are in. */
const IN_SERVICE = { 2: {} };
const IN_MESSAGE: Nested = {
  2: {},
  4: {},
  get 3() {
    return IN_MESSAGE;
  },
};
const IN_FILE: Nested = { 4: IN_MESSAGE, 5: {}, 6: IN_SERVICE };

interface Nested {
  readonly [field: number]: Nested;
}

/** The full names of all that a descriptor has. @param before of what it is in, with a dot behind it */
function* symbolsOf(bytes: Uint8Array, nested: Nested, before: string): Generator<string> {
  for (const [field, own] of Object.entries(nested)) {
    const parts: Uint8Array[] = [];
    eachField(bytes, { [field]: bytesField((part) => parts.push(part)) });
    for (const part of parts) {
      const name = `${before}${textOf(part, 1)}`;
      yield name;
      yield* symbolsOf(part, own, `${name}.`);
    }
  }
}

/** A field that holds a text; '' where there is none. */
function textOf(bytes: Uint8Array, field: number): string {
  return textsOf(bytes, field).at(-1) ?? '';
}

function textsOf(bytes: Uint8Array, field: number): readonly string[] {
  const texts: string[] = [];
  eachField(bytes, { [field]: textField((text) => texts.push(text)) });
  return texts;
}

/** The interface files as their compiler describes them. */
class DescriptorFiles {
  readonly #files = new Map<string, Uint8Array>();
  /** The file of each thing. */
  readonly #symbols = new Map<string, string>();

  constructor(set: Uint8Array) {
    eachField(set, {
      1: bytesField((file) => {
        const name = textOf(file, 1);
        this.#files.set(name, file);
        for (const symbol of symbolsOf(file, IN_FILE, `${textOf(file, 2)}.`)) this.#symbols.set(symbol, name);
      }),
    });
  }

  /** What answers a request, in its field. */
  answer(request: Fields): Fields {
    switch (request.message_request) {
      case 'list_services':
        return { list_services_response: { service: SERVED.map((name) => ({ name })) } };
      case 'file_by_filename':
        return this.#answerFile(String(request.file_by_filename), request.file_by_filename);
      case 'file_containing_symbol':
        return this.#answerFile(
          this.#symbols.get(String(request.file_containing_symbol)),
          request.file_containing_symbol,
        );
      case 'all_extension_numbers_of_type':
      case 'file_containing_extension':
        return failure('NOT_FOUND', 'the interface files have no extensions');
      default:
        return failure('INVALID_ARGUMENT', 'the request asks for nothing that is known');
    }
  }

  #answerFile(name: string | undefined, asked: unknown): Fields {
    const found = new Map<string, Uint8Array>();
    const add = (file: string) => {
      const bytes = this.#files.get(file);
      if (bytes === undefined || found.has(file)) return;
      found.set(file, bytes);
      for (const imported of textsOf(bytes, 3)) add(imported);
    };
    if (name !== undefined) add(name);
    if (found.size === 0) return failure('NOT_FOUND', printable(`'${asked}' is in no interface file`));
    return { file_descriptor_response: { file_descriptor_proto: [...found.values()] } };
  }
}

function failure(code: CodeName, message: string): Fields {
  return { error_response: { error_code: CODES[code], error_message: message } };
}
