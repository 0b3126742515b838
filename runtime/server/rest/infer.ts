import type { FastifyInstance, FastifyRequest } from 'fastify';
import { NmodeError } from '../../../graph/errors.js';
import { knownFormat } from '../../images/formats.js';
import type { ServedModel } from '../served-model.js';
import { type RestContext, signalOf } from './app.js';
import type { BufferPool } from './buffer-pool.js';
import { countingFailures } from './failures.js';
import { modelPaths } from './health.js';
import { readInferRequest, writeInferAnswer } from './v2.js';

interface InferRoute {
  readonly Params: { readonly model: string; readonly version?: string };
  readonly Body: Buffer | undefined;
}

/** The header that tells how many bytes of a body are JSON. */
export const JSON_LENGTH = 'inference-header-content-length';

/** Tensors in, tensors out. */
export function addInfer(
  app: FastifyInstance,
  { plane, metrics, options }: RestContext,
  pool: BufferPool,
): void {
  const modelOf = ({ params }: FastifyRequest<InferRoute>) => plane.model(params.model, params.version);
  const route = {
    // What cannot be done in time is refused before its body is read.
    onRequest: async (request: FastifyRequest<InferRoute>) =>
      modelOf(request).scheduler.admit(options.deadline),
    errorHandler: countingFailures(metrics, modelOf),
  };
  for (const path of modelPaths('/infer')) {
    app.post<InferRoute>(path, route, async (request, reply) => {
      const { body = Buffer.alloc(0), headers } = request;
      const model = modelOf(request);
      const told = headers[JSON_LENGTH];
      const isImage = request.isMultipart() || (told === undefined && knownFormat(body) !== undefined);
      if (isImage) throw noTensors(model);
      const length = Array.isArray(told) ? told.join() : told;
      const asked = readInferRequest(body, length, model.inputs, options.maxElements);
      const signal = signalOf(reply, model, options.deadline, asked.timeout);
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

/** What is said to those who send an image where tensors go. */
function noTensors({ name, segmenter }: ServedModel): NmodeError {
  const where = segmenter === undefined ? '' : `: images go to /v1/models/${name}/segment`;
  return new NmodeError('BAD_USAGE', `tensors are expected here, as JSON or as bytes behind JSON${where}`);
}
