/**
 * A process of `bench/training.ts`: trains an EED decoder for some steps with the package's own step, and prints the median of its steps in
 * milliseconds and their CPU time.
 */
import { nmodeLogits } from '../exporters/assembly/build.js';
import { initialWeights } from '../exporters/grafting/initial-weights.js';
import { Weights } from '../exporters/nn/weights.js';
import { encodeModel } from '../graph/file/write.js';
import { elementCount } from '../graph/ir/tensor.js';
import { input } from '../graph/ir/value.js';
import { cast } from '../graph/ops/cast.js';
import { crossEntropy, softDice, weightedSum } from '../graph/training/losses.js';
import { oneCycle } from '../graph/training/schedule.js';
import { trainingStep } from '../graph/training/step.js';
import { median } from '../src/measuring/percentile.js';

process.env.ORT_DISABLE_TELEMETRY ??= '1';
const { InferenceSession, Tensor } = await import('onnxruntime-node');

const [threads, steps] = process.argv.slice(2).map(Number) as [number, number];
const [WIDTH, SIDE, BATCH, WARM_UP] = [16, 256, 8, 2];

const levels = [1, 2, 4, 8, 8].map((factor, level) => {
  const half = input(`skip${level + 1}`, 'float16', [BATCH, factor * WIDTH, SIDE >> level, SIDE >> level]);
  return { half, value: cast(half, 'float32'), scale: [1 << level, 1 << level] };
});
const variant = { order: 'CR_B', kernel: 3, stateChannels: 3 } as const;
const decoder = { id: 'eed', ...variant, activation: 'gelu', solverOptions: {} } as const;
const step = trainingStep({
  inputs: levels.map(({ half }) => half),
  logits: nmodeLogits(levels, decoder, 1, Weights.from(initialWeights())),
  head: 'sigmoid',
  loss: weightedSum([
    [1, crossEntropy],
    [1, softDice()],
  ]),
  optimizer: { rates: oneCycle(0.02, 500), weightDecay: 1e-4 },
});
const session = await InferenceSession.create(encodeModel(step.model), {
  intraOpNumThreads: threads,
  logSeverityLevel: 4,
});

/** Bits of half-precision numbers from 0.5 to 2, which look random. */
const halves = (count: number) =>
  Uint16Array.from({ length: count }, (_, i) => 0x3800 + (Math.imul(i, 0x9e3779b9) >>> 21));
const features = levels.map(({ half }) => {
  const dims = half.shape.map(Number);
  return [
    half.source.kind === 'input' ? half.source.name : '',
    new Tensor('float16', halves(elementCount(dims)), dims),
  ];
});
const mask = Float32Array.from({ length: BATCH * SIDE * SIDE }, (_, i) => (i % SIDE < SIDE / 2 ? 0.9 : 0.1));
const targets = new Tensor('float32', mask, [BATCH, 1, SIDE, SIDE]);
const wanted = session.outputNames.filter((name) => name !== 'logits');

let state = step.initialState();
const [times, cpu]: [number[], number[]] = [[], []];
for (let count = 0; count < WARM_UP + steps; count++) {
  const own = Object.entries(state).map(([name, { dims, data }]) => [
    name,
    new Tensor('float32', data, dims),
  ]);
  const [start, usage] = [performance.now(), process.cpuUsage()];
  const outputs = await session.run({ ...Object.fromEntries([...features, ...own]), targets }, wanted);
  const { user, system } = process.cpuUsage(usage);
  times.push(performance.now() - start);
  cpu.push((user + system) / 1000);
  state = step.nextState(outputs as unknown as Parameters<typeof step.nextState>[0]);
}
const figures = { milliseconds: median(times.slice(WARM_UP)), cpu: median(cpu.slice(WARM_UP)) };
process.stdout.write(`${JSON.stringify(figures)}\n`);
