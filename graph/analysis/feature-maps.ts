import { at } from '../common/at.js';
import { unlessRefused } from '../common/errors.js';
import type { Model, Node } from '../ir/model.js';
import { type Image, imageOf } from './features.js';
import { neededNodes } from './prune.js';
import { directionOf, isSpatial } from './spatial/axes.js';
import { follow } from './spatial/follow.js';
import { isWeightless } from './spatial/operators.js';
import type { ImageTrace, Trace } from './spatial/trace.js';

/**
 * Tells why a tensor of a model is no feature map that a decoder could start from; undefined where nothing speaks against it.
 * A feature map is computed from the image by a convolution or a matrix product, has the image's height and width as its last two
 * axes, and lies between the image and an output. Behind an operator that is not known, layouts are not judged.
 * @throws NmodeError (BAD_MODEL) where there is no image, or more than one
 */
export function featureMapFaults(model: Model): (tensor: string) => string | undefined {
  const image = imageOf(model);
  const traces = tracesOf(model, image);
  const { nodes, outputs } = model.graph;
  const names = outputs.map(({ name }) => name);
  const read = neededNodes(nodes, names).flatMap((node) => [...node.inputs, ...node.outputs]);
  const needed = new Set([...names, ...read]);
  const heads = headsOf(model, traces);
  return (tensor) => {
    const trace = traces.get(tensor);
    if (tensor === image.name) return 'is the image itself';
    if (trace?.kind === 'constant') return 'does not depend on the image';
    if (trace?.kind === 'size') return 'depends on the size of the image alone';
    if (!needed.has(tensor)) return 'leads to no output of the model';
    const fault = trace && (layoutFault(trace) ?? preparedFault(trace));
    return fault ?? heads.get(tensor);
  };
}

/** Divided without a rest by the strides of most networks. */
const EVEN = 128;

function tracesOf(model: Model, image: Image): ReadonlyMap<string, Trace> {
  // What does not fit such an image is not judged.
  return unlessRefused(() => follow(model, image, EVEN), new Map());
}

const preparedFault = ({ isFormed }: ImageTrace): string | undefined =>
  isFormed ? undefined : 'is the image prepared: no convolution lies between';

function layoutFault({ axes }: ImageTrace): string | undefined {
  if (axes?.length !== 4) return undefined;
  const [batch, channels, height, width] = axes;
  const [first, second, third] = [channels, height, width].map(directionOf);
  if (!axes.some(isSpatial)) return 'is the same for the whole image: it has no height and no width';
  if (first === 'H' && second === 'W' && !isSpatial(width)) {
    return 'has its channels last, expected [N, C, H, W]: name the tensor before or behind the Transpose';
  }
  if (isSpatial(batch) || isSpatial(channels)) return 'has places of the image among its channels';
  if (second === 'H' && third === 'W') return undefined;
  return 'does not have the height and the width of the image as its last two axes';
}

/** At scales from here on no mask is given, but features are. */
const COARSE = 8;
const PROBABILITIES = new Set(['Sigmoid', 'Softmax', 'LogSoftmax']);
/** Inside a block an encoder has up to so many times the channels that it gives; a head is narrower. */
const WIDENING = 8;

/**
 * What a model gives, and what only operators without weights lie between and that: masks, their probabilities and their logits.
 * Feature maps that an encoder gives are none: several of different scales and channels, or one that is coarse and wide.
 */
function headsOf({ graph }: Model, traces: ReadonlyMap<string, Trace>): ReadonlyMap<string, string> {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const maps = new Map(
    [...traces].flatMap(([name, trace]) => mapOf(trace).map((map) => [name, map] as const)),
  );
  const given = graph.outputs.flatMap(({ name }) => maps.get(name) ?? []);
  const differ = (values: readonly number[]) => new Set(values).size > 1;
  const arePyramid = differ(given.map(({ scale }) => scale)) && differ(given.map(({ channels }) => channels));
  const isEncoded = (name: string): boolean => {
    const [map, last] = [maps.get(name), producers.get(name)];
    if (map === undefined || (last && PROBABILITIES.has(last.opType))) return false;
    const isWide = [...maps.values()].every(
      ({ scale, channels }) => scale !== map.scale || channels <= WIDENING * map.channels,
    );
    return arePyramid || (map.scale >= COARSE && isWide);
  };
  const heads = new Map<string, string>();
  for (const { name } of graph.outputs) {
    if (!isEncoded(name)) markHead(name, producers, heads);
  }
  return heads;
}

/** The channels and the scale of a feature map; nothing of any other value. */
function mapOf(trace: Trace) {
  if (trace.kind !== 'image' || trace.axes?.length !== 4 || layoutFault(trace) !== undefined) return [];
  const channels = at(trace.axes, 1).reduce((product, { size }) => product * size, 1);
  return [{ channels, scale: Math.round(trace.extents.H.step) }];
}

function markHead(output: string, producers: ReadonlyMap<string, Node>, heads: Map<string, string>): void {
  heads.set(output, 'is an output of the model');
  const open = [output];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = producers.get(name);
    if (node === undefined || !isWeightless(node)) continue;
    for (const input of node.inputs) {
      if (heads.has(input)) continue;
      heads.set(
        input,
        `is what the model gives as '${output}' already: no operator with weights lies between`,
      );
      open.push(input);
    }
  }
}
