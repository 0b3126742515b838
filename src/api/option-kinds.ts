import { ANY, each, type Kind } from '../../graph/common/option-kinds.js';

const SIDES = ['batch', 'depth', 'height', 'width'];

export const SIZE: Kind = [
  '{ batch, depth, height, width }, each a number or left out',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(
      ([side, length]) => SIDES.includes(side) && (length === undefined || typeof length === 'number'),
    ),
];

export const LIST: Kind = ['a list of paths', Array.isArray];

/** Options that doors share. Values are checked where they are used: here their names are. */
export const TRANSFORM = each(
  [
    ...(['level', 'target', 'precompute', 'precision', 'images', 'calibrate', 'method'] as const),
    ...(['maxDscDrop', 'minutes', 'force', 'recipe', 'strictRecipe', 'signal', 'onProgress'] as const),
    ...(['inputs', 'layout', 'grey', 'window'] as const),
  ],
  ANY,
);
export const SEMANTICS = each(['head', 'background', 'classNames', 'outputName'], ANY);
export const SESSION = each(
  [
    ...(['providers', 'strict', 'threads', 'workers', 'check', 'warmUp', 'placement'] as const),
    ...(['graphOptimization', 'transfer', 'arena', 'spinning', 'onProgress', 'signal'] as const),
  ],
  ANY,
);
export const IMAGES = each(
  ['recipe', 'strictRecipe', 'window', 'grey', 'layout', 'mirror', 'spacing', 'memoryBudget'],
  ANY,
);
export const CLEANING = each(['threshold', 'fillHoles', 'largestComponent', 'minArea'], ANY);
