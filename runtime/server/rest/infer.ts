import type { FastifyInstance, FastifyRequest } from 'fastify';
import { NmodeError } from '../../../graph/errors.js';
import { knownFormat } from '../../images/formats.js';
import type { ServedModel } from '../served-model.js';
import { accepting, signalOf } from './accepted.js';
import type { RestContext } from './app.js';
import type { BufferPool } from './buffer-pool.js';
import { modelPaths } from './health.js';
import { type InferRequest, readInferRequest, writeInferAnswer } from './v2.js';

interface InferRoute {
  readonly Params: { readonly model: string; readonly version?: string };
  readonly Body: Buffer | undefined;
}

/** The header that tells how many bytes of a body are JSON. */
export const JSON_LENGTH = 'inference-header-content-length';

/** Tensors in, tensors out. */
export function addInfer(app: FastifyInstance, context: RestContext, pool: BufferPool): void {
  const { plane, metrics, options } = context;
  const find = ({ params }: FastifyRequest<InferRoute>) => plane.model(params.model, params.version);
  const { route, begin } = accepting(context, 'tensors', find);
  for (const path of modelPaths('/infer')) {
    app.post<InferRoute>(path, route, async (request, reply) => {
      const { body = Buffer.alloc(0), headers } = request;
      const model = begin(request);
      const told = headers[JSON_LENGTH];
      const isImage = request.isMultipart() || (told === undefined && knownFormat(body) !== undefined);
      if (isImage) throw noTensors(model);
      const length = Array.isArray(told) ? told.join() : told;
      const asked = readInferRequest(body, length, model.inputs, options.maxElements);
      const within = withinOf(model, asked, options.deadline);
      const signal = signalOf(reply, model, 'tensors', within);
      const start = performance.now();
      let queue = 0;
      const onStart = () => {
        queue = performance.now() - start;
      };
      const outputs = await model.infer(asked.inputs, {
        signal,
        onStart,
        onSpent: (buffers) => pool.give(buffers),
        ...(asked.outputs && { outputs: asked.outputs }),
      });
      const { body: answer, jsonLength } = writeInferAnswer(model, asked, outputs);
      metrics.answered(model.name, { queue });
      if (jsonLength === undefined) return reply.type('application/json').send(answer);
      return reply.type('application/octet-stream').header(JSON_LENGTH, jsonLength).send(answer);
    });
  }
}

/**
 * Milliseconds that a request has: its client may give it less than the server does.
 * @throws NmodeError: OVERLOADED, DEADLINE where that cannot be kept
 */
function withinOf({ scheduler }: ServedModel, { inputs, timeout }: InferRequest, deadline: number): number {
  const within = Math.min(deadline, timeout ?? deadline);
  if (within < deadline) scheduler.checkTime(within);
  scheduler.checkSize(inputs, within);
  return within;
}

/** What is said to those who send an image where tensors go. */
function noTensors({ name, segmenter }: ServedModel): NmodeError {
  const where = segmenter === undefined ? '' : `: images go to /v1/models/${name}/segment`;
  return new NmodeError('BAD_USAGE', `tensors are expected here, as JSON or as bytes behind JSON${where}`);
}
