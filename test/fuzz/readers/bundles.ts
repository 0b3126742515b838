import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Extras } from '../../../exporters/backbones/backbone.js';
import { saidBy } from '../../../exporters/backbones/index.js';
import { openCheckpoint } from '../../../exporters/checkpoints/open.js';
import { fixture } from '../../support/fixtures.js';
import type { FuzzedReader } from '../fuzz.js';
import { mutateJson } from '../mutators/json.js';
import type { Random } from '../random.js';

const MODEL = fixture('monai', 'bundle', 'models', 'model.pt');
const OWN = JSON.parse(readFileSync(fixture('monai', 'bundle', 'configs', 'inference.json'), 'utf8'));

const CONFIGURATIONS = [
  OWN,
  {
    spacing: [1.5, 1.5, 2],
    levels: '$list([[3, 3, 3]] * 3)',
    network_def: {
      ...{ _target_: 'monai.networks.nets.DynUNet', spatial_dims: 3, in_channels: 1, out_channels: 2 },
      ...{ kernel_size: '@levels', strides: [1, 2, [2, 2, 1]], upsample_kernel_size: [2, [2, 2, 1]] },
      ...{ filters: [4, 8, '$4 * 4'], norm_name: ['INSTANCE', { affine: true }], res_block: '$not False' },
    },
    preprocessing: {
      _target_: 'Compose',
      transforms: [
        { _target_: 'NormalizeIntensityd', keys: 'image', nonzero: true, channel_wise: true },
        {
          _target_: 'ScaleIntensityRangePercentilesd',
          keys: 'image',
          lower: 1,
          upper: 99,
          b_min: 0,
          b_max: 1,
        },
        { _target_: 'Resized', keys: 'image', spatial_size: '@network_def#filters' },
      ],
    },
    inferer: { _target_: 'SlidingWindowInferer', roi_size: ['$8 * 8', 64, 64] },
  },
  {
    net: {
      ...{ _target_: 'SegResNet', init_filters: 8, blocks_down: [1, 2], blocks_up: [1], dropout_prob: 0.2 },
      ...{ act: ['leakyrelu', { negative_slope: 0.1 }], upsample_mode: 'pixelshuffle', spatial_dims: 2 },
    },
  },
];

/** Expressions and references, which stand among texts. */
const TEXTS = [
  ...[
    '$@a',
    '@network_def',
    '@network_def#channels#0',
    '%network_def::channels',
    '$len(@labels)',
    "$['x'] * 9",
  ],
  ...['$[0] * 1000000', `$${'('.repeat(60)}`, '$1 // 0', '$import os', '$@network_def * 9', '$-1', '@@', '$'],
];

/** A configuration, some of whose texts are others. */
function configured(random: Random): string {
  const json = mutateJson(random.pick(CONFIGURATIONS), random);
  if (!random.once(2)) return json;
  const other = JSON.stringify(random.pick(TEXTS));
  return json.replace(/"[$@][^"]*"|\d+/g, (found) => (random.once(6) ? other : found));
}

const networkKeys = (extras: Extras) => saidBy(extras)?.network(new Map(), extras).keys;

/** What `configs/inference.json` says of network, recipe and head. */
const bundle: FuzzedReader = {
  name: 'bundle',
  codes: ['BAD_CHECKPOINT', 'BAD_USAGE'],
  first: /JSON/,
  make: (random) => Buffer.from(configured(random), 'utf8'),
  read(input) {
    return networkKeys(new Map([['configs/inference.json', Buffer.from(input).toString('utf8')]]));
  },
};

const folder = mkdtempSync(join(tmpdir(), 'nmode-fuzz-bundle-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** What only YAML has: anchors, merges, tags, documents, and aliases of aliases. */
const PIECES = [
  ...[
    '&a ',
    '*a',
    '<<: *a\n',
    '!!binary ',
    '!!python/object:os.system ',
    '---\n',
    '...\n',
    '? ',
    '\t',
    '|+\n',
  ],
  ...['a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n', '%YAML 9.9\n', '"\\x', '{', '- - - '],
];

function mutateYaml(text: string, random: Random): string {
  let changed = text;
  for (let times = random.below(3); times > 0; times--) {
    const at = random.below(changed.length + 1);
    changed = changed.slice(0, at) + random.pick(PIECES) + changed.slice(at + random.below(3));
  }
  return changed;
}

/** The same in a folder with weights, as YAML. */
const yamlBundle: FuzzedReader = {
  name: 'bundle in YAML',
  codes: ['BAD_CHECKPOINT', 'BAD_USAGE'],
  first: /inference\.yaml: .*(at line|line \d)/,
  async prepare() {
    mkdirSync(join(folder, 'configs'), { recursive: true });
    cpSync(MODEL, join(folder, 'models', 'model.pt'));
  },
  make: (random) => Buffer.from(mutateYaml(stringify(random.pick(CONFIGURATIONS)), random), 'utf8'),
  async read(input) {
    writeFileSync(join(folder, 'configs', 'inference.yaml'), input);
    const checkpoint = await openCheckpoint(folder);
    checkpoint.close();
    return networkKeys(checkpoint.extras ?? new Map());
  },
};

export const BUNDLES: readonly FuzzedReader[] = [bundle, yamlBundle];
