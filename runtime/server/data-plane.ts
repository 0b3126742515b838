import { at } from '../../graph/common/at.js';
import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import { ServedModel, type ServedOptions } from './served-model.js';
import { stampOf } from './stamp.js';
import { Turns } from './turns.js';

/** What the plane tells as it happens. */
export interface DataPlaneEvents {
  /** A run of a model: how many images, how many milliseconds. */
  ran?(model: string, rows: number, milliseconds: number): void;
  loaded?(model: ServedModel): void;
  unloaded?(model: string): void;
  /** A model that could not be loaded; one of that name that was served before goes on. */
  refused?(model: string, why: string): void;
  /** What is wrong with a model that is served, or was. */
  troubled?(model: string, what: string, why: string): void;
}

/** Triton's states of a model. */
export type ModelState = 'READY' | 'LOADING' | 'UNLOADING' | 'UNAVAILABLE';

/** Versions of one model that end at a time, each with its memory: another load waits for one of them. */
const MAX_ENDING = 2;

/** The models that are served, whatever the transport. */
export class DataPlane {
  readonly #models = new Map<string, ServedModel>();
  /** What each file was when it was last read. */
  readonly #stamps = new Map<string, string>();
  /** Those that it begins with and has not loaded yet. */
  readonly #awaited = new Set<string>();
  readonly #turns = new Turns<'load' | 'unload'>();
  /** Those that were served and still answer what they accepted. */
  readonly #ending = new Map<string, Set<Promise<void>>>();
  #draining = false;
  #started = false;

  /**
   * @param files of models by their names, those that are not loaded included
   * @param drainMs milliseconds that a model which is replaced or unloaded has for what it accepted
   */
  constructor(
    private readonly files: ReadonlyMap<string, string>,
    private readonly options: ServedOptions,
    private readonly drainMs: number,
    private readonly events: DataPlaneEvents = {},
  ) {}

  /** Loads all models, one after the other. @throws NmodeError: BAD_MODEL, CANNOT_RUN; the signal's reason */
  async start(signal?: AbortSignal): Promise<void> {
    const { names } = this;
    for (const name of names) this.#awaited.add(name);
    for (const name of names) {
      signal?.throwIfAborted();
      await this.load(name);
      this.#awaited.delete(name);
    }
    this.#started = true;
  }

  /**
   * Loads a model from its file, in the place of the one before once it is ready: that one answers what it accepted, and ends.
   * Loads that wait are one.
   * @param signal of one that no longer waits for it
   * @throws NmodeError: NOT_FOUND; BAD_MODEL, CANNOT_RUN, after which the old one goes on
   */
  async load(name: string, signal?: AbortSignal): Promise<void> {
    const file = this.files.get(name);
    if (file === undefined) throw unknownModel(name);
    await this.#turns.take(name, 'load', () => this.#load(name, file), signal);
  }

  async #load(name: string, file: string): Promise<void> {
    const ending = this.#ending.get(name);
    while (ending !== undefined && ending.size >= MAX_ENDING) await Promise.race(ending);
    try {
      // Before it is read, so that one which is replaced meanwhile is another.
      this.#stamps.set(name, await stampOf(file));
      const model = await ServedModel.load(name, file, this.options, {
        onRun: (rows, milliseconds) => this.events.ran?.(name, rows, milliseconds),
        onTrouble: (what, why) => this.events.troubled?.(name, what, why),
      });
      const before = this.#models.get(name);
      this.#models.set(name, model);
      this.events.loaded?.(model);
      if (before !== undefined) this.#retire(before);
    } catch (error) {
      this.events.refused?.(name, reason(error));
      throw error;
    }
  }

  /** Takes a model away: it answers what it accepted, and ends. @throws NmodeError (NOT_FOUND) */
  async unload(name: string, signal?: AbortSignal): Promise<void> {
    if (!this.files.has(name)) throw unknownModel(name);
    await this.#turns.take(name, 'unload', async () => this.#unload(name), signal);
  }

  #unload(name: string): void {
    const model = this.#models.get(name);
    if (model === undefined) throw notLoaded(name);
    this.#models.delete(name);
    this.events.unloaded?.(name);
    this.#retire(model);
  }

  #retire(model: ServedModel): void {
    const ending = this.#ending.get(model.name) ?? new Set();
    this.#ending.set(model.name, ending);
    const end = model
      .retire(this.drainMs)
      .catch((error: unknown) => this.events.troubled?.(model.name, 'model not freed', reason(error)))
      .finally(() => {
        ending.delete(end);
        if (ending.size === 0) this.#ending.delete(model.name);
      });
    ending.add(end);
  }

  /** What a model's file was when it was last read; undefined for one that is not loaded, or soon is not. */
  stampOf(name: string): string | undefined {
    const stays = this.#models.has(name) && !this.#turns.has(name, 'unload');
    return stays ? this.#stamps.get(name) : undefined;
  }

  /** All models, those that are not loaded included. */
  get names(): readonly string[] {
    return [...this.files.keys()];
  }

  /** The model of a name, if it is loaded. */
  find(name: string): ServedModel | undefined {
    return this.#models.get(name);
  }

  #isLoading(name: string): boolean {
    return this.#awaited.has(name) || this.#turns.has(name, 'load');
  }

  /** How a model does, and why it does not. @throws NmodeError (NOT_FOUND) */
  stateOf(name: string): { readonly state: ModelState; readonly reason: string } {
    if (!this.files.has(name)) throw unknownModel(name);
    const model = this.#models.get(name);
    if (model?.alive) return { state: 'READY', reason: '' };
    if (model !== undefined) return { state: 'UNAVAILABLE', reason: 'no worker' };
    if (this.#isLoading(name)) return { state: 'LOADING', reason: 'loading' };
    if (this.#ending.has(name)) return { state: 'UNLOADING', reason: 'not loaded' };
    return { state: 'UNAVAILABLE', reason: 'not loaded' };
  }

  /** @throws NmodeError: NOT_FOUND; OVERLOADED for one that is being loaded */
  model(name: string, version?: string): ServedModel {
    const model = this.#models.get(name);
    if (model === undefined && this.#isLoading(name)) {
      throw new NmodeError('OVERLOADED', `model '${name}' is loading: try again later`);
    }
    if (model === undefined && this.files.has(name)) throw notLoaded(name);
    if (model === undefined || (version !== undefined && version !== model.version)) {
      throw unknownModel(name, version);
    }
    return model;
  }

  /** The model of those who name none: where there are several they are asked, whichever is loaded. @throws NmodeError (NOT_FOUND, OVERLOADED, BAD_USAGE) */
  onlyModel(): ServedModel {
    const { names } = this;
    if (names.length === 1) return this.model(at(names, 0));
    throw badUsage(`several models are served, name one: /v1/models/{${names.join(', ')}}/segment`);
  }

  /** Whether requests would be answered: every model has a worker that was not unloaded, or is being loaded. */
  get ready(): boolean {
    if (!this.#started || this.#draining || this.#models.size === 0) return false;
    return this.names.every((name) => this.#models.get(name)?.alive ?? !this.#isLoading(name));
  }

  /** Whether all models that it began with have been loaded. */
  get started(): boolean {
    return this.#started;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Says that it is not ready from now on, and begins no more loads; what is under way goes on. Ends when no model is loading. */
  drain(): Promise<void> {
    this.#draining = true;
    for (const { scheduler } of this.#models.values()) scheduler.drain();
    return this.#turns.end(new NmodeError('OVERLOADED', 'the server is shutting down: try again later'));
  }

  async close(): Promise<void> {
    await this.drain();
    for (const model of this.#models.values()) this.#retire(model);
    await Promise.all([...this.#ending.values()].flatMap((ending) => [...ending]));
  }
}

function notLoaded(name: string): NmodeError {
  return new NmodeError('NOT_FOUND', `model '${name}' is not loaded`);
}

function unknownModel(name: string, version?: string): NmodeError {
  const which = version === undefined ? '' : ` version ${version}`;
  return new NmodeError('NOT_FOUND', `Request for unknown model: '${name}'${which} is not found`);
}
