import { Arguments } from '../../../exporters/backbones/arguments/arguments.js';
import { NNUNET } from '../../../exporters/backbones/nnunet/family.js';
import { ARCHITECTURES, configIn } from '../../../exporters/backbones/smp/architectures.js';
import { WHOLE } from '../../../exporters/backbones/smp/encoders/encoder.js';
import { ownDecoder } from '../../../exporters/backbones/smp/own-decoder.js';
import { type Model, outlineOf } from '../../../graph/ir/model.js';
import { CLASS_NAMES_KEY } from '../../../graph/recipe/class-names.js';
import { BYTES_PER_PIXEL_KEY, HEAD_KEY, parseRecipe, RECIPE_KEY } from '../../../graph/recipe/recipe.js';
import { inputSpecOf } from '../../../runtime/input-spec.js';
import { classNamesOf } from '../../../runtime/output-spec.js';
import { viewOf } from '../../../runtime/server/rest/accept-header.js';
import { JSON_LENGTH, jsonLengthOf } from '../../../runtime/server/rest/bodies/json-length.js';
import { readInferRequest } from '../../../runtime/server/rest/v2.js';
import type { Port } from '../../../runtime/sessions/tensors.js';
import { optimizationMetadataOf } from '../../../src/transform/optimization-metadata.js';
import { handmade } from '../../support/graph.js';
import type { FuzzedReader } from '../fuzz.js';
import { mutateBytes } from '../mutators/bytes.js';
import { mutateJson } from '../mutators/json.js';
import type { Random } from '../random.js';

const RECIPES = [
  { normalization: { kind: 'min-max' }, sizing: { kind: 'resize', height: 256, width: 256 } },
  { normalization: { kind: 'unit' }, sizing: { kind: 'pad', multiple: 32 } },
  {
    normalization: { kind: 'mean-std', mean: [0.4, 0.5, 0.6], std: [0.2, 0.2, 0.2] },
    sizing: { kind: 'resize', height: 512, width: 384 },
  },
];

const text = (value: string) => Buffer.from(value, 'utf8');

const recipe: FuzzedReader = {
  name: 'recipe',
  codes: ['BAD_USAGE'],
  first: /JSON/,
  make: (random) => text(mutateJson(random.pick(RECIPES), random)),
  read: (input) => parseRecipe(Buffer.from(input).toString('utf8')),
};

/** What a model's metadata and its one input say of how it takes images, as JSON. */
interface Hints {
  readonly shape: (number | string)[];
  readonly recipe: string;
  readonly bytesPerPixel: string;
  readonly head: string;
  readonly optimized: string;
}

function toldModel(input: Uint8Array): Model {
  const {
    shape,
    recipe: declared,
    bytesPerPixel,
    head,
    optimized,
  }: Hints = JSON.parse(Buffer.from(input).toString());
  const model = handmade({
    inputs: [{ name: 'input', type: { dtype: 'float32', shape } }],
    outputs: [{ name: 'mask', type: { dtype: 'float32', shape } }],
  });
  const entries = [
    [RECIPE_KEY, declared],
    [BYTES_PER_PIXEL_KEY, bytesPerPixel],
    [HEAD_KEY, head],
    ['nmode.optimized', optimized],
  ] as const;
  return { ...model, metadata: new Map(entries) };
}

const NOTE = { level: 'latency', precision: 'int8', float: ['a'], winograd: ['b'] };

const metadata: FuzzedReader = {
  name: 'metadata',
  // Logits without a head lack an option.
  codes: ['BAD_MODEL', 'BAD_USAGE'],
  first: /JSON/,
  make: (random) =>
    text(
      JSON.stringify({
        shape: [random.pick([1, 'N', 2, 0]), 3, random.pick([256, 'H', '', -1]), random.pick([256, 'W'])],
        recipe: mutateJson(random.pick(RECIPES), random),
        bytesPerPixel: random.pick(['1024', '-1', 'NaN', '1e999', '', '0']),
        head: random.pick(['sigmoid', 'none', '']),
        optimized: mutateJson(NOTE, random),
      } satisfies Hints),
    ),
  read(input) {
    const model = toldModel(input);
    optimizationMetadataOf(model);
    return inputSpecOf(outlineOf(model));
  },
};

const PORTS: readonly Port[] = [
  { name: 'input', dtype: 'float32', shape: [1, 3, 2, 2] },
  { name: 'image', dtype: 'uint8', shape: [1, 2, 2, 3] },
];

const INPUT = { name: 'input', shape: [1, 3, 1, 2], datatype: 'FP32' };
const IMAGE = { name: 'image', shape: [1, 1, 2, 3], datatype: 'UINT8' };
const REQUESTS = [
  { id: '1', inputs: [{ ...INPUT, data: [0, 1, 2, 3, 4, 5] }], outputs: [{ name: 'mask' }] },
  {
    inputs: [
      {
        ...IMAGE,
        data: [
          [
            [
              [0, 1, 2],
              [3, 4, 5],
            ],
          ],
        ],
      },
    ],
    parameters: { timeout: 1000 },
  },
  {
    inputs: [
      { ...INPUT, parameters: { binary_data_size: 24 } },
      { ...IMAGE, parameters: { binary_data_size: 6 } },
    ],
    outputs: [{ name: 'mask', parameters: { binary_data: true } }],
    parameters: { binary_data_output: true },
  },
];

/** Two lines of header before the body: the length of the JSON, and what is accepted. */
const infer: FuzzedReader = {
  name: 'infer request',
  codes: ['BAD_USAGE'],
  first: /failed to parse the request JSON|Inference-Header-Content-Length/,
  make(random) {
    const request = random.pick(REQUESTS);
    const json = text(mutateJson(request, random));
    const tail = new Uint8Array(random.pick([30, 30, 30, 0, 24, 29, 31]));
    const length = random.once(12)
      ? random.pick(['', '-1', '1e3', '99999999', ' 1', 'x'])
      : String(json.length);
    const body = Buffer.concat([json, request === REQUESTS[2] ? tail : new Uint8Array()]);
    return Buffer.concat([
      text(`${length}\n${accepted(random)}\n`),
      random.once(8) ? mutateBytes(body, random) : body,
    ]);
  },
  read(input) {
    const bytes = Buffer.from(input);
    const end = bytes.indexOf(10);
    const behind = bytes.indexOf(10, end + 1);
    readInferRequest({
      body: bytes.subarray(behind + 1),
      jsonLength: jsonLengthOf({ [JSON_LENGTH]: bytes.toString('utf8', 0, end) }),
      ports: PORTS,
      maxElements: 1024,
    });
    return viewOf(bytes.toString('utf8', end + 1, behind));
  },
};

function accepted(random: Random): string {
  const pieces = [
    'image/png',
    'application/json',
    '*/*',
    ';q=0',
    ';q=1e9',
    ';view=overlay',
    ',',
    '"',
    '\\',
    ';',
  ];
  return Array.from({ length: random.below(12) }, () => random.pick(pieces)).join('');
}

const NAMES = [
  ['background', 'lesion'],
  { 0: 'background', 1: "surgeon's hand" },
  { labels: { background: 0, lesion: 1, ignore: 2 } },
];

/** As a model of this package states them, and as others do: Python's texts are in single quotes. */
const classNames: FuzzedReader = {
  name: 'class names',
  codes: ['BAD_MODEL'],
  first: /JSON/,
  make(random) {
    const json = mutateJson(random.pick(NAMES), random);
    const python = random.once(3) ? json.replaceAll('"', "'") : json;
    return random.once(8) ? mutateBytes(text(python), random) : text(python);
  },
  read(input) {
    const stated = Buffer.from(input).toString('utf8');
    classNamesOf(new Map([['names', stated]]), undefined, 2);
    return classNamesOf(new Map([[CLASS_NAMES_KEY, stated]]), undefined, 2);
  },
};

const CONFIGS = [
  {
    ...{ _model_class: 'Unet', encoder_name: 'resnet34', decoder_channels: [256, 128, 64, 32, 16] },
    ...{ decoder_use_norm: { type: 'batchnorm', eps: 1e-3 }, decoder_attention_type: 'scse', classes: 2 },
    ...{ activation: 'sigmoid', aux_params: { classes: 3, pooling: 'max', dropout: 0.5, activation: null } },
  },
  { _model_class: 'FPN', encoder_name: 'vgg11', decoder_merge_policy: 'cat', upsampling: 4 },
  { _model_class: 'DeepLabV3Plus', encoder_name: 'resnet18', decoder_atrous_rates: [12, 24, 36] },
];

/** What save_pretrained writes beside the weights of segmentation_models.pytorch. */
const smpConfig: FuzzedReader = {
  name: 'config.json',
  codes: ['BAD_CHECKPOINT'],
  first: /JSON/,
  make: (random) => text(mutateJson(random.pick(CONFIGS), random)),
  read(input) {
    const config = configIn(new Map([['config.json', Buffer.from(input).toString('utf8')]]));
    const architecture = ARCHITECTURES.find(({ className }) => className === config?._model_class);
    if (config === undefined || architecture === undefined) return undefined;
    const args = new Arguments({ config });
    args.value('encoder_name');
    const own = ownDecoder(architecture, args, { encoderName: 'resnet34', first: 1, extent: WHOLE });
    args.refuseOthers(architecture.className);
    return own;
  },
};

const PLANNED = [
  {
    configuration: '3d',
    dataset_json: {
      channel_names: { 0: 'CT', 1: 'PET' },
      labels: { background: 0, whole: [1, 2], core: 2, ignore: 3 },
      regions_class_order: [1, 2],
    },
    plans: {
      transpose_forward: [0, 1, 2],
      foreground_intensity_properties_per_channel: {
        0: { mean: 60, std: 40, percentile_00_5: -90, percentile_99_5: 250 },
      },
      configurations: {
        low: {
          ...{ patch_size: [8, 16, 16], spacing: [3, 1, 1], use_mask_for_norm: [false, true] },
          ...{
            normalization_schemes: ['CTNormalization', 'ZScoreNormalization'],
            UNet_class_name: 'PlainConvUNet',
          },
          ...{ UNet_base_num_features: 4, unet_max_num_features: 8, n_conv_per_stage_encoder: [2, 1, 2] },
          conv_kernel_sizes: [
            [1, 3, 3],
            [3, 3, 3],
            [3, 3, 3],
          ],
          pool_op_kernel_sizes: [
            [1, 1, 1],
            [1, 2, 2],
            [2, 2, 2],
          ],
        },
        '3d': { inherits_from: 'low', previous_stage: 'low', patch_size: [4, 16, 16] },
      },
    },
  },
  {
    configuration: '2d',
    dataset_json: { channel_names: { 0: 'R' }, labels: { background: 0, lesion: 1 } },
    plans: {
      configurations: {
        '2d': {
          ...{ patch_size: [16, 16], spacing: [1, 1], use_mask_for_norm: [false] },
          normalization_schemes: ['RGBTo01Normalization'],
          architecture: {
            network_class_name: 'nets.ResidualEncoderUNet',
            arch_kwargs: {
              ...{ n_stages: 3, features_per_stage: [4, 8, 8], conv_op: 'torch.nn.Conv2d', kernel_sizes: 3 },
              ...{ strides: [1, 2, [2, 1]], n_blocks_per_stage: [1, 2, 2], n_conv_per_stage_decoder: 1 },
              ...{ conv_bias: true, norm_op: 'torch.nn.InstanceNorm2d', norm_op_kwargs: { affine: true } },
              ...{ nonlin: 'torch.nn.LeakyReLU', nonlin_kwargs: { negative_slope: 0.2 } },
            },
          },
        },
      },
    },
  },
];

/** What nnU-Net's checkpoints say beside their weights. */
const plans: FuzzedReader = {
  name: 'plans',
  codes: ['BAD_CHECKPOINT', 'BAD_USAGE'],
  first: /JSON/,
  make: (random) => text(mutateJson(random.pick(PLANNED), random)),
  read(input) {
    const extras = new Map([['init_args', Buffer.from(input).toString('utf8')]]);
    const family = NNUNET.find(({ matches }) => matches?.(new Map(), extras));
    const network = family?.network(new Map(), extras);
    return network && [network.keys, network.preparation?.()];
  },
};

export const TEXTS: readonly FuzzedReader[] = [recipe, metadata, classNames, infer, smpConfig, plans];
