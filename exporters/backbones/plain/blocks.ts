import { at } from '../../../graph/common/at.js';
import type { Unit } from './modules.js';
import { groupOf, parentOf, type Stage } from './stage.js';

/** Convolutions that run one after another, as those of a module do. */
export interface Block {
  /** Its stages by one reading of its weights; `from` of a shortcut is counted from the block's first. */
  readonly readings: readonly Reading[];
  readonly units: readonly Unit[];
  /** The place of its first convolution in the state dict, and of what follows its last. */
  readonly first: number;
  readonly next: number;
  /** Its module or layer without numbers, and the last of these: `up3.conv` is the third of `up#.conv`. */
  readonly kind: string;
  readonly number: number | undefined;
}

export interface Reading {
  readonly stages: readonly Stage[];
  readonly cost: number;
}

/** Modules with more convolutions are networks, not blocks. */
const MAX_BLOCK = 8;

/** What a reading costs that is unusual: an even kernel that is no transposed convolution's, an odd one that is. */
const UNUSUAL = 2;

/** The modules whose convolutions fit each other, from the largest on; convolutions of no such module stand alone. */
export function blocksOf(units: readonly Unit[]): readonly Block[] {
  const blocks: Block[] = [];
  const taken = new Set<Unit>();
  const isNormed = areNormed(units);
  for (const unit of units) {
    if (taken.has(unit)) continue;
    const block = largestAround(unit, units, isNormed) ?? single(unit, isNormed);
    for (const each of block.units) taken.add(each);
    blocks.push(block);
  }
  return blocks;
}

/** Every convolution alone. */
export function singlesOf(units: readonly Unit[]): readonly Block[] {
  const isNormed = areNormed(units);
  return units.map((unit) => single(unit, isNormed));
}

function single(unit: Unit, isNormed: boolean): Block {
  const readings = readingsOf(unit, isNormed).map(({ cost, ...stage }) => ({ stages: [stage], cost }));
  return { readings, units: [unit], first: unit.index, next: unit.index + 1, ...kindOf(unit.path) };
}

function kindOf(path: string): Pick<Block, 'kind' | 'number'> {
  const number = /(\d+)\D*$/.exec(path)?.[1];
  return { kind: path.replaceAll(/\d+/g, '#'), number: number === undefined ? undefined : Number(number) };
}

function largestAround(unit: Unit, units: readonly Unit[], isNormed: boolean): Block | undefined {
  const paths: string[] = [];
  for (let path = groupOf(unit); path !== ''; path = parentOf(path)) paths.unshift(path);
  for (const path of paths) {
    const within = units.filter((other) => other.path.startsWith(`${path}.`));
    if (within.length < 2 || within.length > MAX_BLOCK || isList(within, path)) continue;
    const readings = chained(within, isNormed);
    if (readings.length === 0) continue;
    const [first, last] = [at(within, 0).index, at(within, within.length - 1).index];
    return { readings, units: within, first, next: last + 1, ...kindOf(path) };
  }
  return undefined;
}

/**
 * Whether what is below a module are levels and not layers: modules with several convolutions each, numbered modules (a ModuleList's), or
 * single layers without a gap in their numbers, `ups.0`, `ups.1`: in a Sequential something stands between convolutions.
 */
function isList(units: readonly Unit[], path: string): boolean {
  const below = units.map((unit) => unit.path.slice(path.length + 1).split('.'));
  const heads = below.map(([head]) => head);
  if (new Set(heads).size === 1) return false;
  const isNumbered = heads.every((head) => /^\d+$/.test(head ?? ''));
  const isDeep = below.some(({ length }) => length > 1);
  if (isDeep) return isNumbered || new Set(heads).size < heads.length;
  const isBare = units.every(({ after, before }) => after === undefined && before === undefined);
  const steps = heads.slice(1).map((head, place) => Math.abs(Number(head) - Number(heads[place])));
  return isBare && isNumbered && steps.every((step) => step === 1);
}

/** The convolutions in their order or, where one of 1x1 has the channels of all others, with that around them. */
function chained(units: readonly Unit[], isNormed: boolean): readonly Reading[] {
  const around = units.flatMap((side) => {
    if (side.shape[2] !== 1) return [];
    return chains(
      units.filter((unit) => unit !== side),
      isNormed,
    ).flatMap(({ stages, cost }): readonly Reading[] => {
      const [first, last] = [stages[0], stages.at(-1)];
      if (first === undefined || last === undefined || stages.length < 2) return [];
      if (first.input !== side.shape[1] || last.output !== side.shape[0]) return [];
      return [{ stages: [...stages.slice(0, -1), { ...last, shortcut: { unit: side, from: 0 } }], cost }];
    });
  });
  const extra = around.length > 0 ? UNUSUAL : 0;
  return [...around, ...chains(units, isNormed).map(({ stages, cost }) => ({ stages, cost: cost + extra }))];
}

/** Each way in which convolutions fit each other in their order, with a transposed one at most, at the beginning or the end. */
function chains(units: readonly Unit[], isNormed: boolean): readonly Reading[] {
  let open: readonly Reading[] = [{ stages: [], cost: 0 }];
  for (const [place, unit] of units.entries()) {
    const isInner = place > 0 && place < units.length - 1;
    open = open.flatMap(({ stages, cost }) => {
      const last = stages.at(-1);
      return readingsOf(unit, isNormed)
        .filter(({ input, transposed }) => {
          const isSecond = isInner || stages.some((stage) => stage.transposed);
          return (last === undefined || input === last.output) && !(transposed && isSecond);
        })
        .map(({ cost: own, ...stage }) => ({ stages: [...stages, stage], cost: cost + own }));
    });
  }
  return open;
}

/** An odd kernel is mostly a convolution's, unless it alone has no norm or its shape fits no other. */
function oddCost({ shape: [first, second], after }: Unit, isNormed: boolean): number {
  if (after !== undefined) return 2 * UNUSUAL;
  return isNormed || first !== second ? UNUSUAL / 2 : UNUSUAL + 1;
}

/** Whether a network has a norm behind most convolutions. */
const areNormed = (units: readonly Unit[]) =>
  2 * units.filter(({ after }) => after !== undefined).length > units.length;

/** A weight as that of a convolution or of a transposed one; bias and norm tell, and the kernel what is usual. */
function readingsOf(unit: Unit, isNormed: boolean): readonly (Stage & { readonly cost: number })[] {
  const { shape, bias, before, after } = unit;
  const [first, second, kernel] = shape;
  const isEven = kernel % 2 === 0;
  const conv = { unit, transposed: false, input: second, output: first, cost: isEven ? UNUSUAL : 0 };
  const odd = oddCost(unit, isNormed);
  const transposed = { unit, transposed: true, input: first, output: second, cost: isEven ? 0 : odd };
  return [conv, ...(kernel > 1 && kernel < 5 ? [transposed] : [])].filter(
    ({ input, output }) =>
      (bias ?? output) === output &&
      (before?.channels ?? input) === input &&
      (after?.channels ?? output) === output,
  );
}
