import { createHash } from 'node:crypto';
import type { Checkpoint } from '../../../exporters/checkpoints/open.js';
import { graftDecoder, planGraft } from '../../../exporters/grafting/graft.js';
import { encoderAssumptions } from '../../../exporters/grafting/metadata.js';
import { checkNames, skipsOf } from '../../../exporters/grafting/skips.js';
import { locate } from '../../../graph/analysis/features.js';
import { prune } from '../../../graph/analysis/prune.js';
import { at } from '../../../graph/common/at.js';
import { badModel } from '../../../graph/common/errors.js';
import { pick } from '../../../graph/common/pick.js';
import type { Model } from '../../../graph/ir/model.js';
import { decided } from '../../../graph/lifting/branches.js';
import { inImageForm } from '../../../graph/lifting/image-form.js';
import { inlined } from '../../../graph/lifting/inlining.js';
import { lift } from '../../../graph/lifting/lift.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { ofPreparation } from '../../../graph/recipe/assumption.js';
import { named, naming } from '../../../runtime/common/naming.js';
import type { InputSpecOptions } from '../../../runtime/input-spec.js';
import { inputSpecOfModel, type LoadedModel, withOutput } from '../../../runtime/node/model.js';
import { measure } from '../../measuring/measure.js';
import { headOf, refuseNmode, refuseParts, type Teacher } from './teacher.js';

/** What is said of an .onnx teacher. */
export interface ModelTeacherOptions extends Omit<InputSpecOptions, 'layout'> {
  /** The feature maps that the steps take, shallow to deep. */
  readonly skips: readonly string[];
  readonly force: boolean;
}

/**
 * An .onnx file of any exporter.
 * @throws NmodeError (BAD_MODEL, BAD_USAGE, CANNOT_RUN)
 */
export async function modelTeacher(loaded: LoadedModel, options: ModelTeacherOptions): Promise<Teacher> {
  const { skips: names, force, ...said } = options;
  const { name } = loaded;
  const given = withOutput(loaded, said.outputName).model;
  refuseNmode(name, given.metadata.get('nmode.decoder'), force);
  const model = naming(name, () => inImageForm(lift(decided(inlined(given).model).model)));
  const spec = naming(name, () => inputSpecOfModel(model, said));
  refuseParts(name, spec.recipe);
  const skips = await inName(name, async () => {
    checkNames(model, names);
    return skipsOf(model, prune(model, names), names, measure);
  });
  const mask = at(model.graph.outputs, 0).name;
  const classes = await inName(name, () => classesOf(model, mask));
  const head = headOf(spec);
  const { names: classNames } = spec.classes;
  const background = spec.classes.kind === 'exclusive' ? spec.classes.background : undefined;
  const sha256 = createHash('sha256').update(loaded.bytes).digest('hex');
  return {
    name,
    network: model,
    said,
    withSkips: naming(name, () => optimize(prune(model, [...new Set([mask, ...names])])).model),
    skips: skips.map(({ tensor, channels, scale }) => ({ tensor, channels, scale: [scale, scale] })),
    ...{ spec, assumed: spec.assumed, classes, head, sha256 },
    encoder: `the part of ${name} before ${names.join(', ')}`,
    async student(decoder, weights) {
      const plan = planGraft({
        skips: names,
        ...{ decoder: decoder.id, activation: decoder.activation, solverOptions: decoder.solverOptions },
        ...{ head, recipe: spec.recipe },
        ...(classes > 1 && background !== undefined && { background }),
        ...(classNames && { classNames }),
      });
      const of: Checkpoint = {
        ...{ file: name, format: 'safetensors', tensors: weights, note: '' },
        sha256: () => sha256,
        close: () => {},
      };
      const made = await inName(name, () => graftDecoder(given, of, plan, measure));
      return {
        ...pick(made, ['model', 'head', 'notes']),
        assumed: [...unsaid(spec.assumed), ...encoderAssumptions(given, plan.images, [])],
        isProven: false,
        weights,
      };
    },
  };
}

/** What nobody said of the teacher's images and classes, the student takes over. */
const unsaid = (assumed: Teacher['spec']['assumed']) => [
  ...ofPreparation(assumed),
  ...assumed.filter(({ what }) => what === 'background'),
];

async function classesOf(model: Model, mask: string): Promise<number> {
  const declared = at(model.graph.outputs, 0).type?.shape?.[1];
  if (typeof declared === 'number' && declared > 0) return declared;
  const [located] = await locate(model, [mask], measure);
  const classes = located?.type?.shape[1];
  if (typeof classes === 'number') return classes;
  throw badModel(`its output '${mask}' does not say how many classes it gives`);
}

/** Puts the model's name before what goes wrong. */
const inName = <T>(name: string, body: () => Promise<T>): Promise<T> =>
  body().catch((error: unknown) => {
    throw named(name, error);
  });
