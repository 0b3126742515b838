/** A client made from the interface files, with gRPC's own library. */

import { join } from 'node:path';
import grpc, { type ServiceError } from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { root } from './fixtures.js';

const includeDirs = [join(root, 'runtime/server/grpc/protos')];
const FILES = [
  'grpc_service.proto',
  'grpc/health/v1/health.proto',
  'grpc/reflection/v1/reflection.proto',
  'grpc/reflection/v1alpha/reflection.proto',
];
const definition = protoLoader.loadSync(FILES, {
  includeDirs,
  keepCase: true,
  defaults: true,
  longs: Number,
  enums: String,
});

/** What has no type here: fields by the names of the interface. */
export type Loose = ReturnType<typeof JSON.parse>;

export interface CallOptions {
  readonly metadata?: Record<string, string>;
  /** Milliseconds. */
  readonly within?: number;
  readonly signal?: AbortSignal;
}

/** What a call gives, or the status that it fails with. */
export type Answered =
  | { readonly code: 'OK'; readonly value: Loose }
  | { readonly code: string; readonly details: string; readonly value?: undefined };

/** @param service as `inference.GRPCInferenceService` */
export function clientOf(
  address: string,
  service = 'inference.GRPCInferenceService',
  credentials = grpc.credentials.createInsecure(),
) {
  const methods = definition[service] as grpc.ServiceDefinition;
  const Service = grpc.makeGenericClientConstructor(methods, service);
  const client: Loose = new Service(address, credentials, { 'grpc.max_receive_message_length': -1 });
  return {
    client,
    call(
      method: string,
      request: object,
      { metadata = {}, within, signal }: CallOptions = {},
    ): Promise<Answered> {
      return new Promise((resolve) => {
        const head = new grpc.Metadata();
        for (const [name, value] of Object.entries(metadata)) head.set(name, value);
        const options = within === undefined ? {} : { deadline: Date.now() + within };
        const sent = client[method](request, head, options, (error: ServiceError | null, value: unknown) => {
          if (error) resolve({ code: String(grpc.status[error.code]), details: error.details });
          else resolve({ code: 'OK', value });
        });
        signal?.addEventListener('abort', () => sent.cancel());
      });
    },
    close: () => client.close(),
  };
}
