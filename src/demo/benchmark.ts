import { reason } from '../../graph/common/errors.js';
import { WEB_PROVIDERS } from '../web.js';
import { button, element, milliseconds } from './elements.js';
import { load, type Wish } from './engine.js';

/** A file, those of the channels of an image, or where it is. */
type Picture = File | URL | readonly File[];

/** Runs that are timed of each provider, and how long that may take: one run at least, after one that warms up. */
const RUNS = 15;
const PATIENCE = 20_000;

/** Loads a model on every provider, in turn, and times runs of the network on one image. */
export async function benchmark(wish: Wish, image: Picture): Promise<void> {
  const table = element('benchmarks', HTMLTableElement);
  const body = element('benchmark-rows', HTMLTableSectionElement);
  const start = button('benchmark');
  start.disabled = true;
  table.hidden = false;
  body.replaceChildren();
  for (const provider of WEB_PROVIDERS) {
    const cells = body.insertRow();
    const write = (...texts: string[]) => {
      cells.replaceChildren();
      for (const text of texts) cells.insertCell().textContent = text;
    };
    write(provider, '...', '');
    try {
      const { loadMs, runs } = await time({ ...wish, provider }, image);
      write(provider, milliseconds(loadMs), `${milliseconds(median(runs))} (${runs.length} runs)`);
    } catch (error) {
      write(provider, reason(error).replace(`${provider}: `, ''));
      cells.cells[1]?.setAttribute('colspan', '2');
    }
  }
  start.disabled = false;
}

async function time(wish: Wish, image: Picture): Promise<{ loadMs: number; runs: readonly number[] }> {
  const begin = performance.now();
  // What is compared here is speed; a slow card would be run thrice more to be checked.
  const segmenter = await load(wish, { strict: true, check: false });
  const loadMs = performance.now() - begin;
  try {
    const run = async () => (await segmenter.segment(image, { probabilities: false })).timings.inference;
    await run();
    const deadline = performance.now() + PATIENCE;
    const runs = [await run()];
    while (runs.length < RUNS && performance.now() < deadline) runs.push(await run());
    return { loadMs, runs };
  } finally {
    await segmenter.close();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
