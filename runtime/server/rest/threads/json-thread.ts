/** A thread that reads and writes the JSON of large tensors: tens of milliseconds for each megabyte, in which a server must answer others. */
import { serve } from '../../../node/threads/serve.js';
import type { Floats, Port } from '../../../sessions/tensors.js';
import { numbersText } from '../bodies/numbers.js';
import { type InferRequest, readInferRequest } from '../v2.js';

/** The body of an infer request, and what it is read against. */
export interface InferBody {
  readonly body: Uint8Array;
  /** Bytes of JSON at its start; undefined for all of it. */
  readonly jsonLength: number | undefined;
  readonly ports: readonly Port[];
  readonly maxElements: number;
}

const methods = {
  /** Reading and writing JSON loads nothing. */
  warmUp: (): void => {},
  read: ({ body, jsonLength, ports, maxElements }: InferBody): InferRequest =>
    readInferRequest(body, jsonLength, ports, maxElements),
  write: (data: Floats['data']): Uint8Array | undefined => numbersText(data),
};

export type JsonMethods = typeof methods;

serve(methods);
