import { imagesFirst } from '../../../exporters/assembly/assumptions.js';
import { exportCheckpoint } from '../../../exporters/assembly/export-model.js';
import type { ExportPlan } from '../../../exporters/assembly/export-plan.js';
import { detectIn, prefixIn } from '../../../exporters/assembly/network-weights.js';
import { toFloat32 } from '../../../exporters/checkpoints/float32.js';
import type { Checkpoint } from '../../../exporters/checkpoints/open.js';
import { at } from '../../../graph/common/at.js';
import { badUsage } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import type { Tensor } from '../../../graph/ir/tensor.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { naming } from '../../../runtime/common/naming.js';
import { inputSpecOfModel, statedRecipe } from '../../../runtime/node/model.js';
import { headOf, refuseParts, type Teacher } from './teacher.js';

/**
 * A checkpoint that is known with a decoder of its own. Its features are those that nmODE decoders take of its backbone.
 * @param plan of one image of a fixed size
 * @throws NmodeError (BAD_CHECKPOINT, BAD_USAGE)
 */
export function checkpointTeacher(checkpoint: Checkpoint, plan: ExportPlan): Teacher {
  const { file } = checkpoint;
  refuseNmode(checkpoint, plan);
  const exported = exportCheckpoint(checkpoint, plan);
  const { description, model } = exported;
  const { network, classes } = description;
  if (network.axes === 3) {
    throw badUsage(
      `${file}: ${network.backbone} takes volumes, and no files of volumes are read yet: train a decoder on its features in PyTorch, and export that`,
    );
  }
  refuseParts(file, statedRecipe(model));
  if (description.head === 'none') {
    throw badUsage(
      `${file}: a student learns from probabilities: give ${option('head', 'sigmoid')} or ${option('head', 'softmax')}, not none`,
    );
  }
  const spec = naming(file, () => inputSpecOfModel(model));
  const skips = network.widths.map((channels, index) => ({
    tensor: `skip${index + 1}`,
    channels,
    scale: at(network.scales, index),
  }));
  return {
    name: file,
    network: model,
    said: {},
    withSkips: optimize(exported.withSkips()).model,
    ...{ skips, spec, classes, head: headOf(spec) },
    assumed: exported.assumed,
    sha256: checkpoint.sha256(),
    encoder: `${network.backbone}, features of ${network.widths.join(', ')} channels`,
    async student(nmode, decoderWeights) {
      const merged = withDecoder(checkpoint, plan, decoderWeights);
      const { id, activation, solverOptions } = nmode;
      const hints = { ...plan.hints, decoder: id, activation, solverOptions };
      const made = exportCheckpoint(merged, { ...plan, hints });
      return {
        ...{ model: made.model, head: made.description.head, notes: exported.notes },
        assumed: imagesFirst([
          ...made.assumed.filter(({ option }) => !OF_DECODER.includes(option) && option !== 'recipe'),
          ...exported.assumed.filter(({ option }) => option === 'recipe'),
        ]),
        isProven: true,
        weights: merged.tensors,
      };
    },
  };
}

/** What of a student is no assumption: it was fitted with it. */
const OF_DECODER = ['blockActivation', 'upsample', 'alignCorners'];

/** @throws NmodeError (BAD_USAGE) for a checkpoint of an nmODE decoder, of which options would have to say twice what it is */
function refuseNmode(checkpoint: Checkpoint, plan: ExportPlan): void {
  const { nmode, decoders } = detectIn(checkpoint, plan.backbone);
  if (nmode === undefined) return;
  const kinds = decoders.map((id) => id.toUpperCase()).join(' or ');
  throw badUsage(
    `${checkpoint.file}: its decoder is an nmODE (${kinds}) already: give a network with a decoder of its own; to fit another one to this, export it, and give the .onnx file with ${option('force', true)}`,
  );
}

/** The encoder's weights, in float32 and under its own keys, and another decoder's. */
function withDecoder(
  checkpoint: Checkpoint,
  plan: ExportPlan,
  decoder: ReadonlyMap<string, Tensor>,
): Checkpoint {
  const { network, view } = detectIn(checkpoint, plan.backbone);
  const encoder = [...network.keys.keys()].flatMap((key): [string, Tensor][] => {
    const stored = checkpoint.tensors.get(view.names.get(key) ?? '');
    const tensor = stored && toFloat32(stored)?.tensor;
    return tensor === undefined ? [] : [[key, tensor]];
  });
  const tensors = new Map([...encoder, ...decoder]);
  return { ...checkpoint, tensors, prefix: prefixIn(checkpoint, view), ignored: [], note: '' };
}
