import type { Root } from 'protobufjs';
import { NmodeError } from '../../../graph/common/errors.js';
import type { DataPlane } from '../data-plane.js';
import { overloaded } from '../scheduling/refusals.js';
import type { Exchange } from './exchange.js';
import { INFERENCE } from './inference.js';
import { type Codec, codecOf, type Fields } from './interfaces.js';
import { decoded, type Method, SMALL_MESSAGE, unary } from './method.js';

export const HEALTH = 'grpc.health.v1.Health';

/** What has a health: the server as a whole, and the service that answers requests. They are one. */
const SERVICES = ['', INFERENCE];

type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/** Those that watch, at most: they are open to all, and end with their clients only. */
const MAX_WATCHERS = 100;

/** How often it is looked at whether that has changed, in milliseconds. */
const INTERVAL = 250;

/** gRPC's health checks (grpc.health.v1): it serves while it is ready. */
export function healthMethods(root: Root, dataPlane: DataPlane): ReadonlyMap<string, Method> {
  const statusOf = (service: unknown): ServingStatus => {
    if (!SERVICES.includes(String(service))) return 'SERVICE_UNKNOWN';
    return dataPlane.ready ? 'SERVING' : 'NOT_SERVING';
  };
  const check = ({ service }: Fields) => {
    const status = statusOf(service);
    if (status === 'SERVICE_UNKNOWN')
      throw new NmodeError('NOT_FOUND', `there is no service '${service}', expected '' or '${INFERENCE}'`);
    return { status };
  };
  const list = () => ({
    statuses: Object.fromEntries(SERVICES.map((service) => [service, { status: statusOf(service) }])),
  });
  const path = (method: string) => `/${HEALTH}/${method}`;
  const watchers = new Watchers(codecOf(root, path('Watch')), statusOf, dataPlane);
  return new Map<string, Method>([
    [path('Check'), { ...unary(codecOf(root, path('Check')), check), isOpen: true }],
    [path('List'), { ...unary(codecOf(root, path('List')), list), isOpen: true }],
    [path('Watch'), { isOpen: true, answer: (exchange) => watchers.add(exchange) }],
  ]);
}

interface Watcher {
  /** Undefined until its message has come. */
  service?: unknown;
  sent?: ServingStatus;
}

/** Those that are told when the health of a service changes. */
class Watchers {
  readonly #watchers = new Map<Exchange, Watcher>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly codec: Codec,
    private readonly statusOf: (service: unknown) => ServingStatus,
    private readonly dataPlane: DataPlane,
  ) {}

  async add(exchange: Exchange): Promise<void> {
    if (this.#watchers.size >= MAX_WATCHERS) throw overloaded(`${MAX_WATCHERS} clients watch its health`);
    const watcher: Watcher = {};
    this.#watchers.set(exchange, watcher);
    exchange.onClose(() => this.#remove(exchange));
    watcher.service = decoded(this.codec, await exchange.only({ limit: SMALL_MESSAGE })).service;
    this.#timer ??= setInterval(() => this.#tell(), INTERVAL);
    this.#tell();
  }

  #remove(exchange: Exchange): void {
    this.#watchers.delete(exchange);
    if (this.#watchers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tell(): void {
    for (const [exchange, watcher] of this.#watchers) {
      if (watcher.service === undefined) continue;
      const status = this.statusOf(watcher.service);
      if (status !== watcher.sent) exchange.send([this.codec.encode({ status })]);
      watcher.sent = status;
      if (this.dataPlane.draining) exchange.end({ code: 'UNAVAILABLE', message: 'the server ends' });
    }
  }
}
