/** A part: clients that send requests of all kinds. */
import { Agent } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { poisson } from '../../src/poisson.js';
import { type Outcome, send } from './client.js';
import { runPart } from './part.js';
import { faultyRequests, type LoadRequest, requestsFor } from './requests.js';

export interface MixTask {
  readonly url: string;
  /** Clients that each send the next request when the last is answered, and pause; or requests a second, as they come. */
  readonly load:
    | { readonly clients: number; readonly pauseMs: number; readonly slowClients: number }
    | { readonly rate: number };
  /** Whether some requests are faulty. */
  readonly faulty?: boolean;
}

const [GOOD, FAULTY] = [await requestsFor(), await faultyRequests()];

runPart(async ({ url, load, faulty = false }: MixTask, ending): Promise<readonly Outcome[]> => {
  const agent = new Agent({ keepAlive: true });
  const requests = faulty ? [...GOOD, ...FAULTY] : GOOD;
  const outcomes: Outcome[] = [];
  const goes = () => !ending.aborted;
  const one = async (index: number, due = performance.now()) => {
    const request = requests[index];
    if (request === undefined) return;
    const late = performance.now() - due;
    outcomes.push({ kind: request.kind, index, late, ...(await send(url, request, agent)) });
  };
  /** Indices of requests, over and over. */
  const turns = (which: (request: LoadRequest) => boolean) => {
    const indices = [...requests.keys()].filter((index) => {
      const request = requests[index];
      return request !== undefined && which(request);
    });
    let turn = 0;
    return () => indices[turn++ % indices.length] ?? 0;
  };
  if ('rate' in load) {
    const next = turns(() => true);
    await poisson(load.rate, goes, (due) => one(next(), due));
  } else {
    const { clients, pauseMs, slowClients } = load;
    const loop = async (next: () => number) => {
      while (goes()) {
        await one(next());
        await setTimeout(2 * pauseMs * Math.random());
      }
    };
    const [quick, slow] = [turns(({ over }) => over === undefined), turns(({ over }) => over !== undefined)];
    await Promise.all([
      ...Array.from({ length: clients }, () => loop(quick)),
      ...Array.from({ length: slowClients }, () => loop(slow)),
    ]);
  }
  agent.destroy();
  return outcomes;
});
