import { fieldsOf } from '../common/fields.js';

/** A class that is a union of labels (nnU-Net's region): it may hold another. */
export interface Region {
  /** What it is in label maps, but where a region that comes later lies over it. */
  readonly label: number;
  /** The labels of ground truth that it is made of. */
  readonly of: readonly number[];
}

const isLabel = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 255;

/** @throws Error for what is not a list of regions, of labels of their own */
export function parseRegions(value: unknown): readonly Region[] {
  if (!Array.isArray(value) || value.length === 0) throw new TypeError('expected a list of regions');
  const regions = value.map((region) => {
    const { label, of } = fieldsOf(region, 'a region', ['label', 'of']);
    if (!isLabel(label) || !Array.isArray(of) || of.length === 0 || !of.every(isLabel))
      throw new TypeError('a region has other labels than whole numbers from 1 to 255');
    return { label, of };
  });
  const twice = regions.find(
    ({ label }, index) => regions.findIndex((other) => other.label === label) < index,
  );
  if (twice !== undefined) throw new TypeError(`two regions are label ${twice.label}`);
  return regions;
}
