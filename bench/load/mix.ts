/** A part: clients that send requests of all kinds. */
import { Agent } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { poisson } from '../../src/measuring/poisson.js';
import { type Outcome, send } from './client.js';
import { faultyRequests, type LoadRequest, requestsFor } from './requests.js';
import { runPart } from './run-part.js';

export interface MixTask {
  readonly url: string;
  /** Clients that each send the next request when the last is answered, and pause; or requests a second, as they come. */
  readonly load:
    | { readonly clients: number; readonly pauseMs: number; readonly slowClients: number }
    | { readonly rate: number };
  /** Whether some requests are faulty. */
  readonly faulty?: boolean;
}

const GOOD = await requestsFor();

interface Numbered {
  readonly request: LoadRequest;
  readonly index: number;
}

/** The requests, over and over. */
function inTurn(requests: readonly Numbered[]): () => Numbered {
  let turn = 0;
  return () => {
    const next = requests[turn++ % requests.length];
    if (next === undefined) throw new TypeError('no requests');
    return next;
  };
}

runPart(async ({ url, load, faulty = false }: MixTask, ending): Promise<readonly Outcome[]> => {
  const agent = new Agent({ keepAlive: true });
  const requests = (faulty ? [...GOOD, ...faultyRequests(GOOD[0])] : GOOD).map((request, index) => ({
    request,
    index,
  }));
  const outcomes: Outcome[] = [];
  const goes = () => !ending.aborted;
  const one = async ({ request, index }: Numbered, due = performance.now()) => {
    const late = performance.now() - due;
    outcomes.push({ kind: request.kind, index, late, ...(await send(url, request, agent)) });
  };
  if ('rate' in load) {
    const next = inTurn(requests);
    await poisson(load.rate, goes, (due) => one(next(), due));
  } else {
    const { clients, pauseMs, slowClients } = load;
    const loop = async (next: () => Numbered) => {
      while (goes()) {
        await one(next());
        await setTimeout(2 * pauseMs * Math.random());
      }
    };
    const quick = inTurn(requests.filter(({ request }) => request.over === undefined));
    const slow = inTurn(requests.filter(({ request }) => request.over !== undefined));
    await Promise.all([
      ...Array.from({ length: clients }, () => loop(quick)),
      ...Array.from({ length: slowClients }, () => loop(slow)),
    ]);
  }
  agent.destroy();
  return outcomes;
});
