/** A part: what watches a server, on a new connection each time: health ten times a second, an answer half a second after the last. */
import { setTimeout } from 'node:timers/promises';
import { poisson } from '../../src/measuring/poisson.js';
import { type Outcome, type Sent, send } from './client.js';
import { HEALTH } from './judge.js';
import { requestsFor } from './requests.js';
import { runPart } from './run-part.js';

export interface ProbeTask {
  readonly url: string;
}

/** Requests for health a second, whether or not the last was answered; milliseconds between two for a mask. */
const [RATE, PAUSE] = [10, 500];

const [infer] = await requestsFor();

runPart(async ({ url }: ProbeTask, ending): Promise<readonly Outcome[]> => {
  const outcomes: Outcome[] = [];
  const goes = () => !ending.aborted;
  const watch = async (kind: string, sent: Sent, index = HEALTH) => {
    outcomes.push({ kind, index, ...(await send(url, sent, false)) });
  };
  const health = (kind: string) =>
    poisson(RATE, goes, () => watch(kind, { method: 'GET', path: `/v2/health/${kind}` }));
  const answers = async () => {
    while (goes()) {
      await watch('infer', infer, 0);
      await setTimeout(PAUSE);
    }
  };
  await Promise.all([health('live'), health('ready'), answers()]);
  return outcomes;
});
