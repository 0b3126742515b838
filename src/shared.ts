/** What the API has in Node and in browsers. */

export { ERRORS, type ErrorCode, NmodeError, type NmodeErrorOptions } from '../graph/common/errors.js';
export { VERSION } from '../graph/common/version.js';
export type { Assumption } from '../graph/recipe/assumption.js';
export type { Layout } from '../graph/recipe/layout.js';
export {
  type ChannelNormalization,
  type IntensityWindow,
  NORMALIZATIONS,
  type Normalization,
  type NormalizationStep,
  type Statistic,
} from '../graph/recipe/normalization.js';
export {
  type Background,
  type Grey,
  type MirrorAxis,
  type ModelIo,
  parseRecipe,
  type Recipe,
  type Sizing,
  type Spacing,
  type SplineOrder,
} from '../graph/recipe/recipe.js';
export type { Region } from '../graph/recipe/regions.js';
export type {
  ImageRaster,
  LabelMap,
  Mask,
  Probabilities,
  Raster,
  RgbImage,
} from '../runtime/common/raster.js';
export { type Colour, classColour, labelPalette } from '../runtime/images/class-colours.js';
export type { Tiling } from '../runtime/images/courses/course.js';
export { type DrawOptions, drawClasses, drawOutline, drawOverlay } from '../runtime/images/draw.js';
export type { PixelSize } from '../runtime/images/frame.js';
export type { Finished, MaskSize } from '../runtime/images/job.js';
export type { ImageSpecOptions, InputSpecOptions } from '../runtime/input-spec.js';
export type { Classes, ClassMasks } from '../runtime/masks/classes.js';
export { type Cleaning, type Component, type Components, componentsOf } from '../runtime/masks/components.js';
export { contoursOf, type Polygon } from '../runtime/masks/contours.js';
export { type Confusion, confusionOf, diceOf, type Metrics, metricsOf } from '../runtime/masks/metrics.js';
export type { AppliedHead, OutputSpecOptions } from '../runtime/output-spec.js';
export type {
  FoundMasks,
  Given,
  SegmentOptions,
  SharedSegmentation,
  SharedSegmented,
  Timings,
  Wanted,
} from '../runtime/segmentation.js';
export type { BaseSegmenter } from '../runtime/segmenter.js';
export type { ProviderCheck } from '../runtime/sessions/probe.js';
export type {
  OpenProgress,
  RunOptions,
  SharedProviderReport,
  SharedSession,
} from '../runtime/sessions/session.js';
export type {
  Bytes,
  ElementArrays,
  ElementType,
  Floats,
  Halves,
  Inputs,
  InputTensor,
  Outputs,
  Port,
  TypedTensor,
} from '../runtime/sessions/tensors.js';
