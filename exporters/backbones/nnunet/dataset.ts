import { isWhole } from '../arguments/arguments.js';
import { badText, type Fields, isFields } from '../arguments/extras.js';
import type { DatasetLabels, OutputChannel } from '../preparation.js';

/** What dataset.json says. */
export interface Dataset {
  /** Names of the input's channels, in their order. */
  readonly channels: readonly string[];
  readonly labels: DatasetLabels;
  /** Such as `.nii.gz`; undefined where it is not said. */
  readonly fileEnding: string | undefined;
}

/** No output has more channels, and no input. */
const MOST = 2 ** 12;

const MOST_LABEL = 2 ** 16;

const isLabel = (value: unknown): value is number => isWhole(value, 0, MOST_LABEL);

const textOf = (value: unknown) => JSON.stringify(value)?.slice(0, 60) ?? 'missing';

/** @throws NmodeError (BAD_CHECKPOINT) for what nnU-Net itself does not train on */
export function datasetOf(place: string, value: unknown): Dataset {
  if (!isFields(value)) throw badText(place, `it is ${textOf(value)}, expected an object`);
  const { file_ending: ending } = value;
  return {
    channels: channelsOf(place, value),
    labels: labelsOf(place, value),
    fileEnding: typeof ending === 'string' ? ending : undefined,
  };
}

/** `channel_names`, or `modality` of older files: names by number. */
function channelsOf(place: string, { channel_names: names, modality }: Fields): readonly string[] {
  const byNumber = names ?? modality;
  const list = isFields(byNumber)
    ? Object.entries(byNumber).sort(([one], [other]) => Number(one) - Number(other))
    : [];
  const isFit = list.length > 0 && list.length <= MOST && list.every(([, name]) => typeof name === 'string');
  if (isFit) return list.map(([, name]) => String(name));
  throw badText(place, `channel_names is ${textOf(byNumber)}, expected names by number, as {"0": "CT"}`);
}

/** The labels behind a name: a number, or a list of them. */
function labelsBehind(place: string, name: string, value: unknown): readonly number[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length > 0 && list.length <= MOST && list.every(isLabel)) return [...new Set(list)];
  throw badText(
    place,
    `label '${name.slice(0, 40)}' is ${textOf(value)}, expected a number from 0 to ${MOST_LABEL}, or a list of them (numbers by name are nnU-Net's version 2)`,
  );
}

function labelsOf(place: string, { labels, regions_class_order: order }: Fields): DatasetLabels {
  const entries = isFields(labels) ? Object.entries(labels) : [];
  if (entries.length === 0 || entries.length > MOST) {
    throw badText(
      place,
      `labels is ${textOf(labels)}, expected numbers by name, as {"background": 0, "lesion": 1}`,
    );
  }
  const outputs = entries
    // What is not trained on, and given by no network.
    .filter(([name]) => name !== 'ignore')
    .map(([name, value]) => ({ name, labels: labelsBehind(place, name, value) }));
  const foreground = [...new Set(outputs.flatMap((output) => output.labels))]
    .filter((label) => label !== 0)
    .sort((one, other) => one - other);
  const regions = outputs.filter((output) => output.labels.some((label) => label !== 0));
  const isRegional = entries.some(([, value]) => Array.isArray(value) && value.length > 1);
  return isRegional
    ? { outputs: inOrder(place, regions), regionsOrder: orderOf(place, order, regions.length), foreground }
    : { outputs: byLabel(place, outputs), foreground };
}

/** Classes, each in the channel of its label. */
function byLabel(place: string, outputs: readonly OutputChannel[]): readonly OutputChannel[] {
  const sorted = outputs.toSorted((one, other) => Number(one.labels[0]) - Number(other.labels[0]));
  if (sorted.every(({ labels: [label] }, index) => label === index)) return sorted;
  const found = sorted.map(({ labels }) => labels.join('+')).join(', ');
  throw badText(place, `its labels are ${found.slice(0, 60)}, expected 0, 1, 2, ..., each once`);
}

/** JSON loses the place of a name that is a number, and with it the channel of its region. */
function inOrder(place: string, regions: readonly OutputChannel[]): readonly OutputChannel[] {
  const number = regions.find(({ name }) => /^\d+$/.test(name));
  if (number === undefined) return regions;
  throw badText(place, `region '${number.name}' is named by a number: give it a name of letters in labels`);
}

function orderOf(place: string, order: unknown, count: number): readonly number[] {
  if (Array.isArray(order) && order.length === count && order.every(isLabel)) return order;
  throw badText(
    place,
    `regions_class_order is ${textOf(order)}, expected ${count} numbers, one for each region`,
  );
}
