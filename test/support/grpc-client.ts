/** A client made from the interface files, with gRPC's own library. */

import { connect } from 'node:http2';
import grpc, { type ServiceError } from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { protos } from './fixtures.js';

const includeDirs = [protos];
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

export const INFER = '/inference.GRPCInferenceService/ModelInfer';

/** A call of bytes as they are. @param isOpen whether more could follow them */
export async function rawCall(
  address: string,
  path: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  isOpen = false,
) {
  const session = connect(`http://${address}`);
  const head = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ...head, ...headers });
  if (isOpen) stream.write(body);
  else stream.end(body);
  const found: Record<string, unknown> = {};
  const add = (given: object) => void Object.assign(found, given);
  stream.on('response', add).on('trailers', add);
  await new Promise((resolve) => {
    stream
      .resume()
      .once('close', resolve)
      .on('error', () => {});
  });
  session.destroy();
  return { http: found[':status'], code: found['grpc-status'], message: found['grpc-message'] };
}
