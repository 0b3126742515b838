import type { RunOptions } from '../../sessions/session.js';
import type { FloatOutputs, PlainInputs } from '../../sessions/tensors.js';
import type { Freight, Lease } from '../scheduling/leases.js';
import type { ServedModel } from '../served-model.js';
import { Deadline } from './deadline.js';

/** Tensors in, and what is asked of them. */
export interface TensorRequest {
  readonly inputs: PlainInputs;
  /** FloatOutputs that are asked for, in their order; all where nothing is said. */
  readonly outputs: readonly string[] | undefined;
  /** FloatOutputs of which the best classes are wanted, and how many. */
  readonly classes?: ReadonlyMap<string, number>;
  /** Milliseconds that its sender waits; as long as the server where nothing is said. */
  readonly timeout: number | undefined;
}

/**
 * A request to a model, whatever transport carries it: accepted before its body is read by the model that is current then,
 * and on its way until its client has the answer.
 */
export class Call {
  readonly #lease: Lease;
  #deadline: Deadline | undefined;

  /**
   * @param within milliseconds for the answer, from when the body has come
   * @throws NmodeError: OVERLOADED, DEADLINE where it is not accepted
   */
  constructor(
    readonly model: ServedModel,
    readonly freight: Freight,
    readonly within: number,
  ) {
    this.#lease = model.accept(freight, within);
  }

  /** Says that its body has come. @throws NmodeError (OVERLOADED) where time is over for its model */
  begin(): Deadline {
    const { model, freight, within } = this;
    model.ending.throwIfAborted();
    this.#lease.came();
    this.#deadline = new Deadline(within, model.ending, () => model.alone(freight));
    return this.#deadline;
  }

  /**
   * Runs the model on tensors, which are given away, in the time that the client gives and at most the server's.
   * @returns what the model gives, and the milliseconds that the run waited
   * @throws NmodeError: OVERLOADED, DEADLINE where the time cannot be kept; what the model fails with
   */
  async infer(
    { inputs, outputs, timeout }: TensorRequest,
    deadline: Deadline,
    onSpent: NonNullable<RunOptions['onSpent']>,
  ): Promise<{ readonly outputs: FloatOutputs; readonly queue: number }> {
    this.#keepTime(inputs, timeout, deadline);
    const { signal, since } = deadline;
    const start = performance.now();
    let queue = 0;
    const onStart = () => {
      queue = performance.now() - start;
    };
    this.#lease.queued();
    const options = { signal, since, onStart, onSpent, ...(outputs && { outputs }) };
    return { outputs: await this.model.infer(inputs, options), queue };
  }

  #keepTime(inputs: PlainInputs, timeout: number | undefined, deadline: Deadline): void {
    const { scheduler } = this.model;
    const isLess = timeout !== undefined && timeout < this.within;
    if (isLess) deadline.shorten(timeout);
    deadline.signal.throwIfAborted();
    const left = Math.ceil(deadline.left);
    if (isLess) scheduler.checkTime(left);
    scheduler.checkSize(inputs, left);
  }

  /** Says that its answer is ready: its model needs to be kept for it no longer. */
  release(): void {
    this.#lease.release();
  }

  /** Lets go of all that it holds. @param isAnswered whether its client has the answer; else it has left */
  end(isAnswered: boolean): void {
    this.release();
    this.#deadline?.end(isAnswered);
  }
}
