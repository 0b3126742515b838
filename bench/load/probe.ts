/** A part: what watches a server, on a new connection each time: health ten times a second, an answer twice a second. */
import { poisson } from '../../src/poisson.js';
import { type Outcome, type Sent, send } from './client.js';
import { HEALTH } from './judge.js';
import { runPart } from './part.js';
import { requestsFor } from './requests.js';

export interface ProbeTask {
  readonly url: string;
}

const [infer] = await requestsFor();

runPart(async ({ url }: ProbeTask, ending): Promise<readonly Outcome[]> => {
  const outcomes: Outcome[] = [];
  const watch = (kind: string, rate: number, sent: Sent, index = HEALTH) =>
    poisson(
      rate,
      () => !ending.aborted,
      async () => {
        outcomes.push({ kind, index, ...(await send(url, sent, false)) });
      },
    );
  await Promise.all([
    watch('live', 10, { method: 'GET', path: '/v2/health/live' }),
    watch('ready', 10, { method: 'GET', path: '/v2/health/ready' }),
    infer && watch('infer', 2, infer, 0),
  ]);
  return outcomes;
});
