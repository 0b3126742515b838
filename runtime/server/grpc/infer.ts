import { badUsage } from '../../../graph/common/errors.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import type { Call } from '../admission/call.js';
import type { ServerCore } from '../core.js';
import type { Exchange } from './exchange.js';
import { inferAnswer } from './infer-answer.js';
import { InferMessage, modelNamedIn } from './infer-request.js';

/**
 * Tensors in, tensors out. The model is asked as soon as the message names it, before the rest is read.
 * @param within milliseconds that the client waits
 */
export async function infer(core: ServerCore, exchange: Exchange, within: number | undefined): Promise<void> {
  const { dataPlane, limits, metrics, pool } = core;
  let call: Call | undefined;
  let named: string | undefined;
  const accept = (model: string, version: string): Call => {
    const found = dataPlane.model(model, version === '' ? undefined : version);
    named = found.name;
    const opened = core.call(found, 'tensors', within);
    exchange.onClose(() => opened.end(exchange.isAnswered));
    call = opened;
    return opened;
  };
  const onHead = (head: Uint8Array) => {
    const first = modelNamedIn(head);
    if (first !== undefined) accept(first.model, first.version);
  };
  try {
    const body = await exchange.only({ limit: limits.maxBody, onHead }, within);
    const message = new InferMessage(body);
    const accepted = call ?? accept(message.model, message.version);
    const { model } = accepted;
    if (message.model !== model.name)
      throw badUsage(`the message names two models: '${model.name}' and '${message.model}'`);
    const deadline = accepted.begin();
    // It waits since it sent the first byte.
    if (within !== undefined)
      deadline.shorten(Math.min(accepted.within, within - (deadline.since - exchange.since)));
    const memoryOf = (length: number) => pool.take(length) ?? new ArrayBuffer(length);
    const asked = message.read(model.inputs, limits.maxElements, memoryOf);
    const { isRaw, id } = message;
    if (!Object.values(asked.inputs).some(({ data }) => data.buffer === body.buffer))
      pool.give([body.buffer]);
    const { outputs, queue } = await accepted.infer(asked, deadline, (buffers) => pool.give(buffers));
    for (const { dims } of Object.values(outputs)) exchange.share.answer(4 * elementCount(dims));
    const { name, version } = model;
    exchange.send(inferAnswer({ name, version, id }, outputs, asked.outputs, isRaw));
    metrics.answered(name, { queue, total: performance.now() - deadline.since });
    accepted.release();
    exchange.end();
  } catch (error) {
    if (named !== undefined) metrics.failed(named, error, performance.now() - exchange.since);
    throw error;
  }
}
