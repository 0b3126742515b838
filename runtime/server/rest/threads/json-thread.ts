/** A thread that reads and writes the JSON of large tensors: tens of milliseconds for each megabyte, in which a server must answer others. */
import { serve } from '../../../node/threads/serve.js';
import { numbersText } from '../bodies/numbers.js';
import { readInferRequest } from '../v2.js';

const methods = {
  /** Reading and writing JSON loads nothing. */
  warmUp: (): void => {},
  read: readInferRequest,
  write: numbersText,
};

export type JsonMethods = typeof methods;

serve(methods);
