import { NmodeError } from '../../graph/common/errors.js';
import { BufferPool } from './admission/buffer-pool.js';
import { Call } from './admission/call.js';
import { Memory } from './admission/memory.js';
import { Tokens } from './admission/tokens.js';
import type { DataPlane } from './data-plane.js';
import type { Metrics } from './metrics.js';
import type { Freight } from './scheduling/leases.js';
import type { ServedModel } from './served-model.js';

/** What bounds requests, whatever transport carries them. */
export interface ServerLimits {
  /** Bytes of a request's body. */
  readonly maxBody: number;
  /** Bytes of bodies and answers that are held at a time. */
  readonly maxInflight: number;
  /** Elements of a request's tensors. */
  readonly maxElements: number;
  /** Requests under way; beyond it they are refused. */
  readonly maxRequests: number;
  /** Milliseconds within which a request is answered. */
  readonly deadline: number;
  /** Any of these, as a bearer token; none for everybody. */
  readonly tokens: readonly string[];
}

/** A server below its transports, which share it: what is served, who may ask, and how much is done at a time. */
export class ServerCore {
  readonly pool = new BufferPool();
  readonly memory: Memory;
  readonly tokens: Tokens;
  #underWay = 0;

  constructor(
    readonly dataPlane: DataPlane,
    readonly metrics: Metrics,
    readonly limits: ServerLimits,
  ) {
    this.memory = new Memory(limits.maxInflight, this.pool);
    this.tokens = new Tokens(limits.tokens);
  }

  /**
   * Counts a request.
   * @returns a function to be called once, when it is answered or its client left
   * @throws NmodeError (OVERLOADED) where there is no room for more, and where the server ends
   */
  enter(): () => void {
    const { maxRequests } = this.limits;
    if (this.dataPlane.draining)
      throw new NmodeError('OVERLOADED', 'the server is shutting down: try again later');
    if (this.#underWay >= maxRequests)
      throw new NmodeError('OVERLOADED', `${maxRequests} requests are already in progress`);
    this.#underWay++;
    return () => {
      this.#underWay--;
    };
  }

  /**
   * @param within milliseconds that its client waits for the answer; at most the server's count
   * @throws NmodeError: OVERLOADED, DEADLINE where the model does not accept it
   */
  call(model: ServedModel, freight: Freight, within = Number.POSITIVE_INFINITY): Call {
    return new Call(model, freight, Math.min(within, this.limits.deadline));
  }
}
