import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import * as kind from '../../graph/common/option-kinds.js';
import { checkOptions, type Kinds } from '../../graph/common/option-kinds.js';
import { elementCount } from '../../graph/ir/tensor.js';
import { areChannelsLast } from '../../graph/recipe/layout.js';
import { percentile } from '../measuring/percentile.js';
import { poisson } from '../measuring/poisson.js';

export interface LoadTestOptions {
  /** Where a server of the Open Inference Protocol v2 is: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Default: the only one, where the server tells its models. */
  readonly model?: string;
  /** For sizes that the model leaves open, height and width; default 256 x 256. */
  readonly size?: { readonly height: number; readonly width: number };
  /** Closed loop: clients that each send the next request when the last is answered; default 8. */
  readonly clients?: number;
  /** Open loop, without `clients`: requests a second, arriving at random (a Poisson process). */
  readonly rate?: number;
  /** Seconds; default 10. */
  readonly duration?: number;
  /** Send and ask for tensors as bytes (default), or as JSON. */
  readonly binary?: boolean;
  /** A bearer token. */
  readonly token?: string;
  readonly signal?: AbortSignal;
}

export interface LoadTestReport {
  readonly url: string;
  readonly model: string;
  /** Of its input. */
  readonly shape: readonly number[];
  readonly loop: 'closed' | 'open';
  /** Clients, or requests a second. */
  readonly load: number;
  readonly seconds: number;
  readonly answered: number;
  /** Answers a second. */
  readonly throughput: number;
  /** Milliseconds from when a request was due until it was answered. */
  readonly latency: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Requests that failed, by status or reason, and how long that took at the 99th percentile. */
  readonly errors: Readonly<Record<string, { readonly count: number; readonly p99: number }>>;
}

const KINDS: Kinds<LoadTestOptions> = {
  ...kind.each(['url', 'model', 'token'], kind.TEXT),
  ...kind.each(['rate', 'duration'], kind.POSITIVE),
  ...{
    clients: kind.whole(1, 999_999),
    binary: kind.FLAG,
    size: kind.sizesOf([], ['height', 'width']),
    signal: kind.SIGNAL,
  },
};

interface Port {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** The size of open axes that no image has. */
const OTHER_AXIS = 1;

/** What holds values of the protocol's types; others are not sent. */
const ARRAYS = new Map<string, new (length: number) => Float32Array | Uint8Array | Uint16Array>([
  ['FP32', Float32Array],
  ['UINT8', Uint8Array],
  ['UINT16', Uint16Array],
]);

/**
 * Sends a server requests and measures its answers. In an open loop, requests are due at their own times whether or not the
 * server keeps up, so that a stall delays every request that is due during it.
 * @throws NmodeError: BAD_USAGE, CHECK_FAILED where nothing was answered, CANNOT_RUN where the server is not there or does not speak the protocol
 */
export async function loadTest(options: LoadTestOptions): Promise<LoadTestReport> {
  checkOptions(options, KINDS, ['url']);
  const { duration = 10, rate, clients = 8, signal } = options;
  if (rate !== undefined && options.clients !== undefined) {
    throw badUsage('`clients` make a closed loop and `rate` an open one: give one of them');
  }
  const client = new Client(options);
  try {
    const model = options.model ?? (await client.onlyModel());
    const { body, headers, shape } = await client.prepare(model);
    const path = `/v2/models/${encodeURIComponent(model)}/infer`;
    const latencies: number[] = [];
    const failures = new Map<string, number[]>();
    const one = async (due: number) => {
      const outcome = await client.send('POST', path, body, headers).then(
        async (response) => {
          // What is answered is not looked at: the less is done here, the more is left to the server.
          await finished(response.resume());
          return response.statusCode === 200 ? undefined : String(response.statusCode);
        },
        (error: unknown) => reason(error),
      );
      const took = performance.now() - due;
      if (outcome === undefined) latencies.push(took);
      else failures.set(outcome, [...(failures.get(outcome) ?? []), took]);
    };
    const start = performance.now();
    const end = start + duration * 1000;
    const goes = () => performance.now() < end && !signal?.aborted;
    if (rate === undefined) {
      const loop = async () => {
        while (goes()) await one(performance.now());
      };
      await Promise.all(Array.from({ length: clients }, loop));
    } else {
      await poisson(rate, goes, one);
    }
    signal?.throwIfAborted();
    if (latencies.length === 0) {
      const why = [...failures].map(([what, times]) => `${what} (${times.length})`).join(', ');
      throw new NmodeError('CHECK_FAILED', `${options.url}: no request succeeded: ${why || 'none was sent'}`);
    }
    const seconds = (performance.now() - start) / 1000;
    for (const times of [latencies, ...failures.values()]) times.sort((a, b) => a - b);
    return {
      url: options.url,
      model,
      shape,
      loop: rate === undefined ? 'closed' : 'open',
      load: rate ?? clients,
      seconds,
      answered: latencies.length,
      throughput: latencies.length / seconds,
      latency: {
        p50: percentile(latencies, 0.5),
        p90: percentile(latencies, 0.9),
        p99: percentile(latencies, 0.99),
        max: percentile(latencies, 1),
      },
      errors: Object.fromEntries(
        [...failures].map(([what, times]) => [what, { count: times.length, p99: percentile(times, 0.99) }]),
      ),
    };
  } finally {
    client.close();
  }
}

class Client {
  readonly #base: URL;
  readonly #agent: HttpAgent;

  constructor(private readonly options: LoadTestOptions) {
    if (!URL.canParse(options.url) || !/^https?:/.test(options.url)) {
      throw badUsage(`'${options.url}' is not a URL of http or https: expected one as http://127.0.0.1:8000`);
    }
    this.#base = new URL(options.url);
    this.#agent = new (this.#base.protocol === 'https:' ? HttpsAgent : HttpAgent)({ keepAlive: true });
  }

  close(): void {
    this.#agent.destroy();
  }

  send(
    method: string,
    path: string,
    body?: Buffer,
    headers: Record<string, string> = {},
  ): Promise<IncomingMessage> {
    const { token } = this.options;
    const request = this.#base.protocol === 'https:' ? httpsRequest : httpRequest;
    const authorized = token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` };
    const options = { method, agent: this.#agent, headers: authorized };
    return new Promise((resolve, reject) => {
      const sending = request(new URL(path, this.#base), options, resolve);
      sending.on('error', reject);
      sending.end(body);
    });
  }

  /** The JSON of an answer. @throws NmodeError (CANNOT_RUN) */
  async #ask<T>(method: string, path: string): Promise<T> {
    try {
      const response = await this.send(method, path);
      const body = await text(response);
      if (response.statusCode !== 200) throw new Error(`the server says ${response.statusCode}`);
      return JSON.parse(body);
    } catch (error) {
      throw new NmodeError('CANNOT_RUN', `${this.options.url}${path}: ${reason(error)}`, { cause: error });
    }
  }

  async onlyModel(): Promise<string> {
    const models = await this.#ask<readonly { readonly name: string }[]>('POST', '/v2/repository/index');
    const [first] = models;
    if (first === undefined || models.length > 1) {
      const names = models.map(({ name }) => name).join(', ');
      const found = names === '' ? 'no model' : `${names}: choose a model with ${option('model')}`;
      throw badUsage(`the server has ${found}`);
    }
    return first.name;
  }

  /** A request of noise that the model takes. */
  async prepare(model: string) {
    const { inputs } = await this.#ask<{ readonly inputs: readonly Port[] }>(
      'GET',
      `/v2/models/${encodeURIComponent(model)}`,
    );
    const { binary = true, size = { height: 256, width: 256 } } = this.options;
    const blobs: Buffer[] = [];
    const entries = inputs.map(({ name, datatype, shape: declared }) => {
      const areLast =
        datatype !== 'FP32' || areChannelsLast(declared.map((length) => (length > 0 ? length : 'open')));
      const open = areLast ? [1, size.height, size.width, 3] : [1, 3, size.height, size.width];
      const shape = declared.map((length, axis) => (length > 0 ? length : (open[axis] ?? OTHER_AXIS)));
      const Values = ARRAYS.get(datatype);
      if (Values === undefined)
        throw badUsage(`input '${name}' is ${datatype}: only ${[...ARRAYS.keys()].join(', ')} are sent`);
      const values = new Values(elementCount(shape));
      for (let i = 0; i < values.length; i++) values[i] = Math.floor(Math.random() * 256);
      if (!binary) return { name, datatype, shape, data: Array.from(values) };
      blobs.push(Buffer.from(values.buffer));
      return { name, datatype, shape, parameters: { binary_data_size: values.byteLength } };
    });
    const json = Buffer.from(
      JSON.stringify({ inputs: entries, ...(binary && { parameters: { binary_data_output: true } }) }),
    );
    const headers: Record<string, string> = binary
      ? { 'inference-header-content-length': String(json.length), 'content-type': 'application/octet-stream' }
      : { 'content-type': 'application/json' };
    return { body: Buffer.concat([json, ...blobs]), headers, shape: entries[0]?.shape ?? [] };
  }
}
