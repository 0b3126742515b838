import { badImage, badUsage } from '../../../graph/common/errors.js';
import { labelMapOf } from '../../masks/classes.js';
import type { Segmentation } from '../../node/segmenter.js';
import type { SegmentOptions } from '../../segmentation.js';
import type { Deadline } from '../admission/deadline.js';
import type { ServerCore } from '../core.js';
import type { ServedModel } from '../served-model.js';
import type { Exchange } from './exchange.js';
import { inferAnswer } from './infer-answer.js';
import type { ImageMessage } from './infer-request.js';
import type { Parameters } from './parameters.js';

const OPTIONS = ['threshold', 'min_area', 'fill_holes', 'largest_component'];
const OTHERS = ['timeout', 'binary_data_output'];

/** @throws NmodeError (BAD_USAGE) */
function optionsOf(parameters: Parameters): SegmentOptions {
  const unknown = parameters.names.find((name) => !OPTIONS.includes(name) && !OTHERS.includes(name));
  if (unknown !== undefined) throw badUsage(`'${unknown}' is not one of ${OPTIONS.join(', ')}`);
  const [threshold, minArea] = [parameters.number('threshold'), parameters.number('min_area')];
  return {
    ...(threshold !== undefined && { threshold }),
    ...(minArea !== undefined && { minArea }),
    fillHoles: parameters.boolean('fill_holes') ?? false,
    largestComponent: parameters.boolean('largest_component') ?? false,
  };
}

/** The mask, 255 inside; of several classes their label map. */
const maskOf = (found: Segmentation) => (found.masks.length > 1 ? labelMapOf(found) : found.mask);

/** An image in, its mask out, as one output of bytes. */
export async function segment(
  core: ServerCore,
  exchange: Exchange,
  { model, deadline, id }: { readonly model: ServedModel; readonly deadline: Deadline; readonly id: string },
  { files, parameters }: ImageMessage,
): Promise<void> {
  const most = model.filesOfImage;
  if (files.length < 1 || files.length > most)
    throw badUsage(
      `the image has ${files.length} files, and the model takes 1${most > 1 ? ` to ${most}` : ''}`,
    );
  if (files.some(({ length }) => length === 0)) throw badImage('the image has a file that is empty');
  const { signal, since } = deadline;
  const options = { ...optionsOf(parameters), signal, since, probabilities: false };
  await model.segment(files, options, async (found) => {
    const { width, height, data } = maskOf(found);
    exchange.share.answer(data.length);
    const { name, version } = model;
    const tensor = { output: 'mask', datatype: 'UINT8', dims: [height, width], bytes: data } as const;
    core.metrics.answered(name, found.timings);
    exchange.send(inferAnswer({ name, version, id }, [tensor], true));
  });
}
