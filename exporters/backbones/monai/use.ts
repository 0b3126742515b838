import { option } from '../../../graph/common/option.js';
import { textOf } from '../arguments/arguments.js';
import type { NetworkDefinition, OwnDecoder } from '../backbone.js';
import { type Component, type Config, componentOf, isDisabled, plainName } from './config.js';
import type { Plain } from './expression.js';
import { pixelsOf } from './preprocessing.js';

/** How a network is used, as far as a model does that. */
export interface Use {
  readonly activation?: OwnDecoder['activation'];
  readonly recipe: Pick<NetworkDefinition, 'normalization' | 'sizing' | 'isRecipeSaid' | 'usualSize'>;
  /** What a model does not do, a sentence each. */
  readonly notes: readonly string[];
}

/** The first list of transforms of a configuration: for inference, or of a training those that images are judged with. */
function listAt(config: Config, name: string): readonly Plain[] | undefined {
  for (const place of [name, `validate::${name}`, `val::${name}`]) {
    const value = config.at(place);
    const compose = componentOf(value);
    const list: Plain | undefined = compose === undefined ? value : compose.arguments.transforms;
    if (Array.isArray(list)) return list;
  }
  return undefined;
}

function transformsAt(config: Config, name: string): readonly Component[] | undefined {
  return listAt(config, name)
    ?.map(componentOf)
    .filter((component) => component !== undefined);
}

/** What is there in place of transforms that can be read. */
function unreadNotes(config: Config, place: string): readonly string[] {
  return ['preprocessing', 'postprocessing'].flatMap((name) => {
    const list = listAt(config, name);
    if (list === undefined) {
      const isThere = (config.at(name) ?? null) !== null;
      return isThere ? [`${place}: its ${name} is no list of transforms, and was not used`] : [];
    }
    const unread = list.find((one) => componentOf(one) === undefined && !isDisabled(one));
    if (unread === undefined) return [];
    return [`${place}: its ${name} has ${textOf(unread)}, which names no transform and was not used`];
  });
}

const isSpace = (value: Plain | undefined, axes: number): value is readonly number[] =>
  Array.isArray(value) &&
  value.length === axes &&
  value.every((size) => Number.isSafeInteger(size) && Number(size) > 0);

/** The windows that the network runs in; undefined for whole images. */
function windowOf(config: Config, axes: number): readonly number[] | undefined {
  const inferer = componentOf(config.at('inferer'));
  const size = inferer?.arguments.roi_size;
  return inferer?.name.startsWith('SlidingWindow') && isSpace(size, axes) ? size : undefined;
}

/** What is done to classes: nothing that a model would do otherwise, or what else it takes. */
const IDLE_AFTER = [
  ...['Invert', 'SaveImage', 'EnsureType', 'CopyItems', 'DeleteItems', 'Lambda'],
  ...['Activations', 'AsDiscrete'],
];

function activationOf(after: readonly Component[]): OwnDecoder['activation'] {
  const named = (wanted: string) => after.find(({ name }) => plainName(name) === wanted)?.arguments ?? {};
  const { sigmoid, softmax } = named('Activations');
  if (softmax === true) return 'softmax';
  if (sigmoid === true) return 'sigmoid';
  return named('AsDiscrete').argmax === true ? 'softmax' : undefined;
}

/** Notes on what follows the network. */
function notesAfter(place: string, after: readonly Component[]): readonly string[] {
  return after.flatMap(({ name, arguments: args }) => {
    const plain = plainName(name);
    const { threshold } = args;
    if (plain === 'AsDiscrete' && typeof threshold === 'number' && threshold !== 0.5) {
      const way = `give \`threshold: ${threshold}\` where the model is run`;
      return [`${place}: masks are made from ${threshold} on there: ${way}`];
    }
    if (IDLE_AFTER.includes(plain)) return [];
    return [`${place}: its postprocessing has ${name.slice(0, 60)}, which the model does not do`];
  });
}

/** Of images: what of the transforms is a recipe. */
function imageUse(
  place: string,
  before: readonly Component[] | undefined,
  window: readonly number[] | undefined,
  channels: number,
): Pick<Use, 'recipe' | 'notes'> {
  const pixels = before && pixelsOf(before, channels);
  const notes = pixels ? pixels.notes.map((note) => `${place}: ${note}`) : [];
  if (window !== undefined) {
    notes.push(
      `${place}: MONAI runs windows of ${window.join('x')}; here an image runs as a whole, or in tiles if it is too large`,
    );
  }
  if (pixels === undefined) return { recipe: {}, notes };
  const { normalization, sizing = { kind: 'pad', multiple: 1 } } = pixels;
  return { recipe: { normalization, isRecipeSaid: true, sizing }, notes };
}

/** Of volumes: tiles are what they run in, and nothing prepares them. */
function volumeUse(
  place: string,
  window: readonly number[] | undefined,
  before: readonly Component[] = [],
): Pick<Use, 'recipe' | 'notes'> {
  const recipe = window === undefined ? {} : { usualSize: window };
  if (before.length === 0) return { recipe, notes: [] };
  const steps = before.map(({ name }) => name.slice(0, 60)).join(', ');
  const note = `${place}: a model of volumes takes tensors, prepared as there: ${steps}; ${option('reference')} shows whether they are`;
  return { recipe, notes: [note] };
}

export function useOf(config: Config, place: string, axes: 2 | 3, channels: number): Use {
  const before = transformsAt(config, 'preprocessing');
  const after = transformsAt(config, 'postprocessing') ?? [];
  const window = windowOf(config, axes);
  const activation = activationOf(after);
  const { recipe, notes } =
    axes === 2 ? imageUse(place, before, window, channels) : volumeUse(place, window, before);
  const all = [...notes, ...notesAfter(place, after), ...unreadNotes(config, place)];
  return { ...(activation && { activation }), recipe, notes: all };
}
