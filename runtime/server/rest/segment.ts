import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseDecimal } from '../../../graph/common/decimal.js';
import { badImage, badUsage } from '../../../graph/common/errors.js';
import { pick } from '../../../graph/common/pick.js';
import { labelPalette } from '../../images/class-colours.js';
import { INDEPENDENT, labelMapOf, legendOf, nameOfLabel } from '../../masks/classes.js';
import type { ChannelFiles } from '../../node/images/channels.js';
import type { Segmentation } from '../../node/segmenter.js';
import { startThread } from '../../node/threads/thread.js';
import type { SegmentOptions } from '../../segmentation.js';
import { Respawning } from '../../threads/respawning.js';
import type { Thread } from '../../threads/thread.js';
import type { ServerCore } from '../core.js';
import type { ServedModel } from '../served-model.js';
import { type View, viewOf } from './accept-header.js';
import { filesOf, isMultipart } from './bodies/multipart.js';
import { accepting } from './calls.js';
import type { AnswerMethods } from './threads/answer-thread.js';

interface SegmentRoute {
  readonly Params: { readonly model?: string };
  readonly Querystring: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly Body: Buffer | undefined;
}

type Given = string | readonly string[] | undefined;

/** An image in, its mask out. */
export function addSegment(app: FastifyInstance, core: ServerCore): void {
  const { dataPlane, metrics } = core;
  const find = ({ params }: FastifyRequest<SegmentRoute>) =>
    params.model === undefined ? dataPlane.onlyModel() : dataPlane.model(params.model);
  const { route, begin } = accepting(core, 'image', find);
  let answers: Respawning<AnswerMethods> | undefined;
  app.addHook('onClose', async () => answers?.close());
  const segment = async (request: FastifyRequest<SegmentRoute>, reply: FastifyReply) => {
    answers ??= new Respawning(() => startThread('../../server/rest/threads/answer-thread', 'the server'));
    const thread = answers;
    const view = viewOf(request.headers.accept);
    const wanted = optionsOf(request.query);
    const { call, deadline } = begin(request);
    const { model } = call;
    const image = imageOf(request, model.filesOfImage);
    const { signal, since } = deadline;
    const asked = { probabilities: false, components: view === 'json', pixels: view === 'overlay' };
    return model.segment(image, { ...wanted, ...asked, signal, since }, async (found) => {
      const { tiling, timings } = found;
      if (tiling !== undefined) {
        request.log.info({ model: model.name, ...tiling }, 'image run in tiles');
        reply.header(
          'nmode-tiles',
          tiling.approximate === undefined ? tiling.tiles : `${tiling.tiles}; approximate`,
        );
      }
      const { buffer, byteOffset, length } = await answerOf(thread.current, view, model, found);
      request.share.answer(length);
      metrics.answered(model.name, timings);
      reply.type(view === 'json' ? 'application/json' : 'image/png');
      return reply.send(Buffer.from(buffer, byteOffset, length));
    });
  };
  for (const path of ['/v1/segment', '/v1/models/:model/segment']) {
    app.post<SegmentRoute>(path, route, segment);
  }
}

const OPTIONS = ['threshold', 'min_area', 'fill_holes', 'largest_component'];

/** @throws NmodeError (BAD_USAGE) */
function optionsOf(query: SegmentRoute['Querystring']): SegmentOptions {
  const twice = Object.entries(query).find(([, value]) => typeof value === 'object');
  if (twice !== undefined) throw badUsage(`'${twice[0]}' is given more than once`);
  const unknown = Object.keys(query).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw badUsage(`'${unknown}' is not one of ${OPTIONS.join(', ')}`);
  const { threshold, min_area: minArea } = query;
  return {
    ...(threshold !== undefined && { threshold: numberOf('threshold', threshold) }),
    ...(minArea !== undefined && { minArea: numberOf('min_area', minArea) }),
    fillHoles: switchOf('fill_holes', query.fill_holes),
    largestComponent: switchOf('largest_component', query.largest_component),
  };
}

function numberOf(name: string, given: Given): number {
  const value = parseDecimal(String(given));
  if (value === undefined) throw badUsage(`'${name}' is not a number: expected decimal notation, as in 0.5`);
  return value;
}

function switchOf(name: string, given: Given = 'false'): boolean {
  const text = String(given);
  if (text !== 'true' && text !== 'false') throw badUsage(`'${name}' is neither true nor false`);
  return text === 'true';
}

/** The body itself, or the files of a form. @param most how many files an image may be of */
function imageOf(request: FastifyRequest<SegmentRoute>, most: number): ChannelFiles {
  const { body, headers } = request;
  const { 'content-type': type = '' } = headers;
  const files = body !== undefined && isMultipart(type) ? filesOf(body, type, most) : [body];
  return files.map((file, index) => {
    if (file !== undefined && file.length > 0) return file;
    const name = files.length === 1 ? 'the image' : `file ${index + 1} of the image`;
    throw badImage(`${name}: it is empty: send it as the body, or as the file of a form`);
  });
}

async function answerOf(
  thread: Thread<AnswerMethods>,
  view: View,
  { name, version, segmenter }: ServedModel,
  found: Segmentation,
): Promise<Uint8Array> {
  const { image, mask, masks, maskLabels, width, height, components = [], classes: count } = found;
  const { semantics = INDEPENDENT, assumed } = segmenter ?? {};
  const give = masks.map(({ data }) => data.buffer);
  const isMap = view === 'labels' || (view === 'picture' && masks.length > 1);
  if (view === 'mask' || (view === 'picture' && !isMap))
    return thread.call('png', [mask], [mask.data.buffer]);
  if (view === 'overlay' && image !== undefined) {
    const legend = legendOf(semantics, count, maskLabels);
    return thread.call('overlay', [image, masks, legend], [image.data.buffer, ...give]);
  }
  if (isMap) {
    const map = labelMapOf(found);
    return thread.call('png', [map, labelPalette(maskLabels)], [map.data.buffer]);
  }
  const names = maskLabels.map((label) => nameOfLabel(semantics, count, label));
  const rest = {
    ...{ model: name, version, width, height, semantics, assumed },
    ...pick(found, ['tiles', 'tiling', 'warnings', 'timings', 'provider']),
  };
  return thread.call('describe', { masks, maskLabels, names, components, rest }, give);
}
