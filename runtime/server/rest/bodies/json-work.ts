import { startThread } from '../../../node/threads/thread.js';
import { Queue } from '../../../sessions/queue.js';
import type { Floats } from '../../../sessions/tensors.js';
import { Respawning } from '../../../threads/respawning.js';
import type { Thread } from '../../../threads/thread.js';
import type { JsonMethods } from '../threads/json-thread.js';
import { type InferBody, type InferRequest, readInferRequest } from '../v2.js';
import { numbersText } from './numbers.js';

/** JSON of at most these bytes is parsed in a millisecond or two, and so many numbers are written in as long: sooner than a thread is asked. */
const [FEW_BYTES, FEW_NUMBERS] = [2 ** 16, 2 ** 12];

/** Reads and writes the JSON of infer requests: little at once, much in a thread, so that the server answers others meanwhile. */
export class JsonWork {
  #threads: Respawning<JsonMethods> | undefined;
  /** One at a time: what still waits is dropped when its client leaves. */
  readonly #queue = new Queue([0]);

  /**
   * Reads a request, whose body is given away.
   * @throws NmodeError: BAD_USAGE; the signal's reason
   */
  async read(given: InferBody, signal: AbortSignal): Promise<InferRequest> {
    const { body, jsonLength = body.length } = given;
    if (jsonLength <= FEW_BYTES) return readInferRequest(given);
    return this.#queue.add(() => this.#thread.call('read', given, [body.buffer]), signal);
  }

  /**
   * Numbers as JSON has them in a list, without its brackets; undefined where one is not finite.
   * @throws the signal's reason
   */
  async write(data: Floats['data'], signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (data.length <= FEW_NUMBERS) return numbersText(data);
    return this.#queue.add(() => {
      const copy = data.slice();
      return this.#thread.call('write', copy, [copy.buffer]);
    }, signal);
  }

  get #thread(): Thread<JsonMethods> {
    this.#threads ??= new Respawning(() =>
      startThread('../../server/rest/threads/json-thread', 'the server'),
    );
    return this.#threads.current;
  }

  async close(): Promise<void> {
    await this.#queue.close();
    await this.#threads?.close();
  }
}
