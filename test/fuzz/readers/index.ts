import type { FuzzedReader } from '../fuzz.js';
import { BUNDLES } from './bundles.js';
import { CHECKPOINTS } from './checkpoints.js';
import { inferMessage } from './grpc.js';
import { IMAGES } from './images.js';
import { onnx, outline } from './onnx.js';
import { TEXTS } from './texts.js';

/** Everything in this package that reads what strangers send. */
export const READERS: readonly FuzzedReader[] = [
  onnx,
  outline,
  ...CHECKPOINTS,
  ...BUNDLES,
  ...IMAGES,
  ...TEXTS,
  inferMessage,
];
