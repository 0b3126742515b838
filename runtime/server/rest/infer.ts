import type { FastifyInstance, FastifyRequest } from 'fastify';
import { NmodeError } from '../../../graph/common/errors.js';
import { knownFormat } from '../../images/files/formats.js';
import type { ServedModel } from '../served-model.js';
import { accepting, Deadline } from './accepted.js';
import type { RestContext } from './app.js';
import type { BufferPool } from './bodies/buffer-pool.js';
import { JSON_LENGTH, jsonLengthOf } from './bodies/json-length.js';
import { JsonWork } from './bodies/json-work.js';
import { isMultipart } from './bodies/multipart.js';
import { modelPaths } from './health.js';
import type { InferRequest } from './v2.js';
import { writeInferAnswer } from './v2-answer.js';

interface InferRoute {
  readonly Params: { readonly model: string; readonly version?: string };
  readonly Body: Buffer | undefined;
}

/** Tensors in, tensors out. */
export function addInfer(app: FastifyInstance, context: RestContext, pool: BufferPool): void {
  const { plane, metrics, options } = context;
  const find = ({ params }: FastifyRequest<InferRoute>) => plane.model(params.model, params.version);
  const { route, begin } = accepting(context, 'tensors', find);
  const json = new JsonWork();
  app.addHook('onClose', () => json.close());
  for (const path of modelPaths('/infer')) {
    app.post<InferRoute>(path, route, async (request, reply) => {
      const { body = Buffer.alloc(0), headers } = request;
      const { model, lease } = begin(request);
      const jsonLength = jsonLengthOf(headers);
      const isImage =
        isMultipart(headers['content-type']) || (jsonLength === undefined && knownFormat(body) !== undefined);
      if (isImage) throw noTensors(model);
      const deadline = new Deadline(reply, model, 'tensors', options.deadline);
      const { signal, since } = deadline;
      const { maxElements } = options;
      const asked = await json.read({ body, jsonLength, ports: model.inputs, maxElements }, signal);
      keepTime(model, asked, deadline, options.deadline);
      const start = performance.now();
      let queue = 0;
      const onStart = () => {
        queue = performance.now() - start;
      };
      lease.queued();
      const outputs = await model.infer(asked.inputs, {
        signal,
        since,
        onStart,
        onSpent: (buffers) => pool.give(buffers),
        ...(asked.outputs && { outputs: asked.outputs }),
      });
      const answer = await writeInferAnswer(model, asked, outputs, {
        write: (data) => json.write(data, signal),
        hold: (bytes) => request.share.answer(bytes),
      });
      metrics.answered(model.name, { queue });
      if (answer.jsonLength === undefined) return reply.type('application/json').send(answer.body);
      return reply.type('application/octet-stream').header(JSON_LENGTH, answer.jsonLength).send(answer.body);
    });
  }
}

/**
 * Holds a request to the time that its client gives it, where that is less than the server's.
 * @param most milliseconds, the server's
 * @throws NmodeError: OVERLOADED, DEADLINE where it cannot be kept
 */
function keepTime(
  { scheduler }: ServedModel,
  { inputs, timeout }: InferRequest,
  deadline: Deadline,
  most: number,
): void {
  const isLess = timeout !== undefined && timeout < most;
  if (isLess) deadline.shorten(timeout);
  deadline.signal.throwIfAborted();
  const left = Math.ceil(deadline.left);
  if (isLess) scheduler.checkTime(left);
  scheduler.checkSize(inputs, left);
}

/** What is said to those who send an image where tensors go. */
function noTensors({ name, segmenter }: ServedModel): NmodeError {
  const where = segmenter === undefined ? '' : `: images go to /v1/models/${name}/segment`;
  return new NmodeError('BAD_USAGE', `tensors are expected here, as JSON or as bytes behind JSON${where}`);
}
