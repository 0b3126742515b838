import type { FastifyInstance, FastifyRequest } from 'fastify';
import { badUsage, type NmodeError } from '../../../graph/common/errors.js';
import { knownFormat } from '../../images/files/formats.js';
import type { ServerCore } from '../core.js';
import type { ServedModel } from '../served-model.js';
import { JSON_LENGTH, jsonLengthOf } from './bodies/json-length.js';
import { JsonWork } from './bodies/json-work.js';
import { isMultipart } from './bodies/multipart.js';
import { accepting } from './calls.js';
import { type ModelRoute, modelPaths } from './health.js';
import { writeInferAnswer } from './v2-answer.js';

/** Tensors in, tensors out. */
export function addInfer(app: FastifyInstance, core: ServerCore): void {
  const { dataPlane, metrics, limits, pool } = core;
  const find = ({ params }: FastifyRequest<ModelRoute>) => dataPlane.model(params.model, params.version);
  const { route, begin } = accepting(core, 'tensors', find);
  const json = new JsonWork();
  app.addHook('onClose', () => json.close());
  for (const path of modelPaths('/infer')) {
    app.post<ModelRoute>(path, route, async (request, reply) => {
      const { body = Buffer.alloc(0), headers } = request;
      const { call, deadline } = begin(request);
      const { model } = call;
      const jsonLength = jsonLengthOf(headers);
      const isImage =
        isMultipart(headers['content-type']) || (jsonLength === undefined && knownFormat(body) !== undefined);
      if (isImage) throw noTensors(model);
      const { name, version, segmenter } = model;
      const names = segmenter?.semantics.names;
      const { signal } = deadline;
      const { maxElements } = limits;
      const asked = await json.read({ body, jsonLength, ports: model.inputs, maxElements }, signal);
      const { outputs, queue } = await call.infer(asked, deadline, (buffers) => pool.give(buffers));
      const answer = await writeInferAnswer({ name, version, names }, asked, outputs, {
        write: (data) => json.write(data, signal),
        hold: (bytes) => request.share.answer(bytes),
      });
      metrics.answered(model.name, { queue, total: performance.now() - deadline.since });
      if (answer.jsonLength === undefined) return reply.type('application/json').send(answer.body);
      return reply.type('application/octet-stream').header(JSON_LENGTH, answer.jsonLength).send(answer.body);
    });
  }
}

/** What is said to those who send an image where tensors go. */
function noTensors({ name, segmenter }: ServedModel): NmodeError {
  const where = segmenter === undefined ? '' : `: images go to /v1/models/${name}/segment`;
  return badUsage(`tensors are expected here, as JSON or as bytes behind JSON${where}`);
}
