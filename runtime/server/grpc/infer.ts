import { badUsage } from '../../../graph/common/errors.js';
import type { Call } from '../admission/call.js';
import type { Deadline } from '../admission/deadline.js';
import type { ServerCore } from '../core.js';
import type { Freight } from '../scheduling/leases.js';
import type { Exchange } from './exchange.js';
import { inferAnswer, tensorsOf } from './infer-answer.js';
import { InferMessage, modelNamedIn } from './infer-request.js';
import { segment } from './segment.js';

/**
 * Tensors in, tensors out; or an image in, its mask out. The model is asked as soon as the message names it, before the rest is read.
 * @param within milliseconds that the client waits
 */
export async function infer(core: ServerCore, exchange: Exchange, within: number | undefined): Promise<void> {
  const { dataPlane, limits, metrics } = core;
  let call: Call | undefined;
  let named: string | undefined;
  const accept = (model: string, version: string, freight: Freight = 'tensors'): Call => {
    const found = dataPlane.model(model, version === '' ? undefined : version);
    named = found.name;
    const opened = core.call(found, freight, within);
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
    if (call !== undefined && message.model !== named)
      throw badUsage(`the message names two models: '${named}' and '${message.model}'`);
    const { image } = message;
    // What was taken for tensors, as most are, is an image, and waits with these.
    if (image !== undefined) call?.release();
    const accepted =
      image === undefined && call ? call : accept(message.model, message.version, image && 'image');
    const deadline = accepted.begin();
    // It waits since it sent the first byte.
    if (within !== undefined)
      deadline.shorten(Math.min(accepted.within, within - (deadline.since - exchange.since)));
    if (image === undefined) await inferTensors(core, exchange, { call: accepted, deadline, message, body });
    else {
      const { timeout, id } = message;
      if (timeout !== undefined && timeout < deadline.left) deadline.shorten(timeout);
      await segment(core, exchange, { model: accepted.model, deadline, id }, image);
    }
    accepted.release();
    exchange.end();
  } catch (error) {
    if (named !== undefined) metrics.failed(named, error, performance.now() - exchange.since);
    throw error;
  }
}

interface Read {
  readonly call: Call;
  readonly deadline: Deadline;
  readonly message: InferMessage;
  readonly body: Buffer;
}

async function inferTensors(
  { limits, metrics, pool }: ServerCore,
  exchange: Exchange,
  { call, deadline, message, body }: Read,
): Promise<void> {
  const { model } = call;
  const memoryOf = (length: number) => pool.take(length) ?? new ArrayBuffer(length);
  const asked = message.read(model.inputs, limits.maxElements, memoryOf);
  const { id } = message;
  // Texts go as bytes, and so do all with them.
  const isRaw = message.isRaw || (asked.classes?.size ?? 0) > 0;
  if (!Object.values(asked.inputs).some(({ data }) => data.buffer === body.buffer)) pool.give([body.buffer]);
  const { outputs, queue } = await call.infer(asked, deadline, (buffers) => pool.give(buffers));
  const tensors = tensorsOf(outputs, asked, model.segmenter?.semantics.names);
  for (const { bytes } of tensors) exchange.share.answer(bytes.length);
  const { name, version } = model;
  metrics.answered(name, { queue, total: performance.now() - deadline.since });
  exchange.send(inferAnswer({ name, version, id }, tensors, isRaw));
}
