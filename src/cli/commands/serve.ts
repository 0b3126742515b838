import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import { badUsage } from '../../../graph/common/errors.js';
import { assumptionsText } from '../../../graph/recipe/assumption.js';
import type { ServeOptions } from '../../index.js';
import { onOrphaned, runWithAllocator } from '../allocator.js';
import {
  megabytesUpTo,
  parseCount,
  parseDeadline,
  parseElements,
  parseMilliseconds,
  parsePort,
} from '../flags/arguments.js';
import { flagOf, type InFlags } from '../flags/flag-words.js';
import { addModelFlags } from '../flags/model-flags.js';
import { type FlagsOf, optionsOf } from '../flags/options.js';
import { addRunningFlags, addSessionFlags } from '../flags/run-flags.js';
import { print } from '../output/print.js';
import { type Clock, clockOf } from '../output/progress.js';
import { hasUnread, serverLog } from '../server-log.js';

/**
 * The cores are the workers': V8 collects its few megabytes of garbage in the thread that made it, which costs less than waking
 * others (2 ms of each request on two cores, of 25), and in Node 20 optimises what runs a hundred times a second within seconds
 * instead of minutes (later ones do not know that flag). Its heap may grow fourfold before it is marked, the most that V8 ever
 * grants: with less, the bytes of 17 requests are more than it may have, and it is marked ten times a second for as long as
 * requests come (another 2 ms of each). What functions met is kept from their first call on: what loads models is called twice a
 * minute at most, and would have the heap grow for ten. For the same reason there is no baseline code, bytecode stays, and less is inlined: that costs
 * requests nothing.
 */
const V8_FLAGS = [
  '--no-concurrent-marking',
  '--no-parallel-scavenge',
  ...(process.version.startsWith('v20.') ? ['--interrupt-budget=10000'] : []),
  '--heap-growing-percent=300',
  '--no-lazy-feedback-allocation',
  '--no-sparkplug',
  '--no-flush-bytecode',
  '--max-inlined-bytecode-size-cumulative=300',
];

/** Milliseconds that the last lines wait for their reader. */
const UNREAD = 1000;

interface Flags
  extends FlagsOf<ServeOptions, 'models' | 'maxBody' | 'maxJson' | 'maxInflight' | 'tls' | 'log'> {
  readonly maxBodyMb: number;
  readonly maxJsonMb: number;
  readonly maxInflightMb?: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly quiet?: true;
}

export function addServe(program: Command, inFlags: InFlags): void {
  const command = program
    .command('serve')
    .description('serve models over HTTP and gRPC: the Open Inference Protocol v2, and images to masks')
    .argument('<model.onnx...>', 'models; name=path.onnx sets another name than that of the file')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for all interfaces', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 for a free one', parsePort, 8000)
    .option('--grpc-port <number>', 'also serve gRPC on this port; 0 for a free one', parsePort)
    .option('--workers <n>', 'concurrent runs of each model (default: one per core, at most 4)', parseCount)
    .option(
      '--max-batch <n>',
      'rows of several requests to merge into one run, if the batch of the model is open; does not limit a single request',
      parseCount,
      1,
    )
    .option(
      '--max-delay-ms <ms>',
      'how long a waiting run may wait for others to join its batch',
      parseMilliseconds,
      0,
    )
    .option('--max-queue <n>', 'waiting runs, and images in progress; more are refused (503)', parseCount, 64)
    .option(
      '--max-requests <n>',
      'requests in progress; more are refused (503), except health and metrics',
      parseCount,
      256,
    )
    .option('--max-body-mb <mb>', 'largest request body', megabytesUpTo(4000), 64)
    .option(
      '--max-json-mb <mb>',
      'largest JSON of a request; use binary tensors for more',
      megabytesUpTo(256),
      16,
    )
    .option(
      '--max-inflight-mb <mb>',
      'bodies and responses in memory; more are refused (503) (default: 128, or one body)',
      megabytesUpTo(1e6),
    )
    .option('--max-elements <n>', 'largest number of tensor elements in a request', parseElements, 2 ** 24)
    .option('--deadline-ms <ms>', 'deadline for the response to a request', parseDeadline, 10_000)
    .option(
      '--drain-ms <ms>',
      'time for requests in progress to finish when the server shuts down, or their model is replaced or unloaded',
      parseMilliseconds,
      30_000,
    )
    .option('--token-file <file>', 'bearer tokens, one per line; every request needs one')
    .option('--tls-cert <file>', 'TLS certificate (PEM); requires --tls-key')
    .option('--tls-key <file>', 'TLS private key (PEM)')
    .option(
      '--ui',
      'serve the page of nmode demo at /, without tokens; it runs its own model in the browser, not the served ones',
    )
    .option('--watch', 'reload a model when its file is replaced')
    .option('--quiet', 'disable logs');
  addSessionFlags(addRunningFlags(addModelFlags(command))).action(async (models: string[], flags: Flags) => {
    if (await runWithAllocator()) return;
    for (const flag of V8_FLAGS) setFlagsFromString(flag);
    // Nobody may read what it prints.
    process.stdout.on('error', () => {});
    const { serve } = await import('../../api/serve.js');
    const { tlsCert, tlsKey, quiet, maxBodyMb, maxJsonMb, maxInflightMb, ...others } = flags;
    if ((tlsCert === undefined) !== (tlsKey === undefined)) {
      throw badUsage('--tls-cert and --tls-key go together');
    }
    const signal = endOfProcess();
    const clock = await clockOf('loading');
    const beside = clock && besideClock(clock, serverLog());
    const log = beside ?? serverLog();
    clock?.start();
    const starting = serve({
      signal,
      ...optionsOf(others),
      models,
      maxBody: maxBodyMb * 1e6,
      maxJson: maxJsonMb * 1e6,
      ...(maxInflightMb !== undefined && { maxInflight: maxInflightMb * 1e6 }),
      ...(tlsCert !== undefined && tlsKey !== undefined && { tls: { cert: tlsCert, key: tlsKey } }),
      ...(!quiet && { log }),
    });
    const server = await starting
      .catch((error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      })
      .finally(() => {
        beside?.settle();
        clock?.stop();
      });
    if (server === undefined) return;
    for (const { name, provider, workers, threads, whySingly, assumed = [] } of server.models) {
      print(`${name} on ${provider}, workers ${workers}, threads ${threads}`);
      if (whySingly !== undefined) print(`${name}: requests are not merged: ${await inFlags(whySingly)}`);
      if (assumed.length > 0) print(`${name}: assumed ${assumptionsText(assumed, flagOf)}`);
    }
    if (server.grpc !== undefined) print(`gRPC at ${server.grpc}`);
    print(`Serving at ${server.url} (Ctrl-C ends it).`);
    if (!signal.aborted) await once(signal, 'abort');
    await server.close();
    // A reader that does not read would keep it.
    if (hasUnread()) setTimeout(() => process.exit(), UNREAD).unref();
  });
}

/** A log whose lines do not run into a clock, which goes on below them until it is settled. */
function besideClock(clock: Clock, log: ReturnType<typeof serverLog>) {
  let isSettled = false;
  return {
    write(line: string) {
      if (isSettled) return log.write(line);
      clock.stop();
      log.write(line);
      clock.start();
    },
    settle() {
      isSettled = true;
    },
  };
}

/** Aborts at the first Ctrl-C or request to end: it answers what it accepted. */
function endOfProcess(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => controller.abort());
  onOrphaned(() => controller.abort());
  return controller.signal;
}
