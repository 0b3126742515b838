/**
 * `npm run bench:backbones`: a dozen backbones with each of its decoders as it is exported here, beside PyTorch's own export of the
 * same weights (fresh ones), at 256 x 256 and two threads:
 *
 *     npm run bench:backbones -- [--runs 24] [--decoder original ...] [resnet18 ...]
 *
 * PyTorch and torchvision are Debian's python3-torch and python3-torchvision.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DECODER_IDS, type DecoderId } from '../exporters/assembly/describe.js';
import { bench } from '../src/api/bench.js';
import { exportModel } from '../src/api/export.js';
import { print } from '../src/cli/output/print.js';
import { inFolder, root } from './networks.js';

const [PYTHON, THREADS] = ['/usr/bin/python3', 2];

/** Those that `torch_backbone.py` makes. */
const BENCHED = [
  'unet',
  'attention_unet',
  'unetplusplus',
  'egeunet',
  'resnet18',
  'resnet34',
  'resnet50',
  'mobilenet_v2',
  'mobilenet_v3_large',
  'mobilenet_v3_small',
  'efficientnet_b0',
  'convnext_tiny',
];

/** Faster, but for what two medians of the same model differ by. */
const ALLOWED = 1.02;

/** The other two take the same time as EED, within a few per cent. */
const DEFAULT_DECODERS: readonly DecoderId[] = ['original', 'eed'];

async function measure(backbone: string, decoder: DecoderId, runs: number, file: (name: string) => string) {
  const [checkpoint, torch, ours] = [file('network.pth'), file('torch.onnx'), file('nmode.onnx')];
  const program = join(root, 'bench/torch_backbone.py');
  const made = spawnSync(PYTHON, [program, backbone, decoder, checkpoint, torch], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`${program} ${backbone} ${decoder}: ${made.stderr}`);
  const told = decoder === 'original' ? {} : ({ decoder, activation: 'gelu' } as const);
  const { nodes } = await exportModel({ checkpoint, output: ours, ...told });
  const { models } = await bench({ models: [torch, ours], runs, threads: THREADS });
  const [first, second] = models;
  if (first === undefined || second === undefined) throw new TypeError('nothing was measured');
  if (second.ratioToFirst > ALLOWED) process.exitCode = 1;
  return [
    backbone,
    decoder,
    `${first.p50.toFixed(1)} ms`,
    `${second.p50.toFixed(1)} ms`,
    second.ratioToFirst.toFixed(3),
    `${first.nodes} -> ${nodes}`,
    second.agreement?.maxAbs.toExponential(1) ?? '',
  ];
}

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '24' }, decoder: { type: 'string', multiple: true } },
  allowPositionals: true,
});
const decoders = values.decoder?.map((name) => {
  const known = DECODER_IDS.find((id) => id === name);
  if (known === undefined) throw new Error(`'${name}' is no decoder: choose ${DECODER_IDS.join(', ')}`);
  return known;
});
const HEADER = ['backbone', 'decoder', "PyTorch's export", 'nmode', 'ratio', 'nodes', 'difference'];
const WIDTHS = [20, 10, 18, 11, 7, 14];

/** A line at a time: the whole takes minutes. */
function printRow(cells: readonly string[]): void {
  print(cells.map((cell, at) => cell.padEnd(WIDTHS[at] ?? 0)).join(''));
}

await inFolder(async (file) => {
  // Nobody publishes ConvNeXt with that decoder.
  const isPublished = (backbone: string, decoder: DecoderId) =>
    decoder !== 'original' || backbone !== 'convnext_tiny';
  printRow(HEADER);
  for (const backbone of positionals.length > 0 ? positionals : BENCHED) {
    for (const decoder of decoders ?? DEFAULT_DECODERS) {
      if (isPublished(backbone, decoder)) {
        printRow(await measure(backbone, decoder, Number(values.runs), file));
      }
    }
  }
});
