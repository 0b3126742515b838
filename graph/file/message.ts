import protobuf from 'protobufjs/light.js';
import type { Unread } from '../ir/attribute.js';

/** Decodes a message; fields that the schema does not name are kept beside it. @throws where the bytes are no protobuf */
export function decode<T>(type: protobuf.Type, bytes: Uint8Array): T {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = false;
  return type.decode(reader) as T;
}

/** Fields that the schema does not name, as protobufjs keeps them beside a decoded message. */
export function unreadOf(message: object): { unread?: Unread } {
  const fields = (message as { $unknowns?: Unread }).$unknowns;
  return fields === undefined ? {} : { unread: fields };
}

/** A field that the file holds; protobufjs would give an absent one its default. */
export function present<T extends object, K extends keyof T>(message: T, field: K): T[K] | undefined {
  return Object.hasOwn(message, field) ? message[field] : undefined;
}
