/** What one channel of the network's output says. */
export interface OutputChannel {
  readonly name: string;
  /** The labels that it stands for: one of a class, several of a region. */
  readonly labels: readonly number[];
}

/** How the output becomes labels. */
export interface DatasetLabels {
  readonly outputs: readonly OutputChannel[];
  /**
   * Of regions, which overlap and so end in a sigmoid: the label that each writes, in this order, where it is above 0.5
   * (`regions_class_order`). Without, classes exclude each other: the label is the largest channel.
   */
  readonly regionsOrder?: readonly number[];
  /** Those that an annotation may hold, without 0. */
  readonly foreground: readonly number[];
}

/** nnU-Net's normalizations of a channel. */
export const SCHEMES = [
  'ZScoreNormalization',
  'CTNormalization',
  'NoNormalization',
  'RescaleTo01Normalization',
  'RGBTo01Normalization',
] as const;
export type Scheme = (typeof SCHEMES)[number];

/** Of the training's foreground, in stored values. */
export interface Intensities {
  readonly mean: number;
  readonly std: number;
  /** The percentile 0.5 and that of 99.5. */
  readonly low: number;
  readonly high: number;
}

export interface ChannelPreparation {
  /** Undefined without dataset.json. */
  readonly name: string | undefined;
  readonly scheme: Scheme;
  /** Whether statistics are those of the mask of what is not 0 alone, and what is outside stays 0. */
  readonly isMasked: boolean;
  /** What CTNormalization takes, and the others do not need. */
  readonly intensities: Intensities | undefined;
}

/** A resampling function with its arguments. */
export interface Resampling {
  /** `resample_data_or_seg_to_shape`, nnU-Net's default, or another's name. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** All that nnU-Net does to images before its network and to what it gives, as the plan of a configuration has it. */
export interface Preparation {
  /** What messages call the plan. */
  readonly place: string;
  readonly configuration: string;
  /** The class that prepares images; undefined where it is not said. */
  readonly preprocessor: string | undefined;
  /** Of tiles, in voxels an axis of the network. */
  readonly patchSize: readonly number[];
  /** That images are resampled to, in mm an axis of the network. */
  readonly spacing: readonly number[];
  readonly channels: readonly ChannelPreparation[];
  readonly resampling: { readonly data: Resampling; readonly probabilities: Resampling };
  /** The order of a volume's three axes, as numpy.transpose takes it. */
  readonly transposeForward: readonly number[];
  readonly transposeBackward: readonly number[];
  readonly mirroringAxes: readonly number[] | undefined;
  /** Undefined without dataset.json. */
  readonly labels: DatasetLabels | undefined;
  readonly fileEnding: string | undefined;
  /** The class that reads images; undefined where it is not said. */
  readonly reader: string | undefined;
  /** The class that makes labels of what the network gives; undefined where it is not said. */
  readonly labelManager?: string | undefined;
  /** The configuration whose result is taken beside the image, of a cascade. */
  readonly previousStage: string | undefined;
}
