import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const file = (name: string) => new URL(`./protos/${name}`, import.meta.url);

/** The interfaces that are served, each file behind those that it imports. */
const FILES = [
  'model_config.proto',
  'grpc_service.proto',
  'grpc/health/v1/health.proto',
  'grpc/reflection/v1/reflection.proto',
  'grpc/reflection/v1alpha/reflection.proto',
];

/** What `protoc --include_imports --descriptor_set_out` makes of them. */
export const readDescriptors = () => readFileSync(file('interfaces.binpb'));

/** The messages and services of the interface files, under the names that these give them. */
export function readInterfaces(): protobuf.Root {
  const root = new protobuf.Root();
  for (const name of FILES) protobuf.parse(readFileSync(file(name), 'utf8'), root, { keepCase: true });
  root.resolveAll();
  return root;
}

/** Fields by the names that the interface gives them; numbers of 64 bits as numbers. */
export type Fields = Readonly<Record<string, unknown>>;

/** How the messages of a method are read and written. */
export interface Codec {
  /** @throws RangeError where the bytes are no such message */
  decode(bytes: Uint8Array): Fields;
  encode(fields: Fields): Uint8Array;
}

/** @param path `/package.Service/Method` */
export function codecOf(root: protobuf.Root, path: string): Codec {
  const [, service = '', method = ''] = path.split('/');
  const { resolvedRequestType: request, resolvedResponseType: response } =
    root.lookupService(service).methods[method] ?? {};
  if (!request || !response) throw new TypeError(`no interface has ${path}`);
  return {
    decode: (bytes) =>
      request.toObject(request.decode(bytes), { longs: Number, defaults: true, oneofs: true }),
    encode: (fields) => response.encode(response.fromObject(fields)).finish(),
  };
}
