import { NmodeError, reason } from '../../graph/errors.js';
import { ServedModel, type ServedOptions } from './served-model.js';

/** What the plane tells as it happens. */
export interface PlaneEvents {
  /** A run of a model: how many images, how many milliseconds. */
  ran?(model: string, rows: number, milliseconds: number): void;
  loaded?(model: string, provider: string): void;
  unloaded?(model: string): void;
  /** A model that could not be loaded; one of that name that was served before goes on. */
  refused?(model: string, why: string): void;
}

/** The models that are served, whatever the transport. */
export class DataPlane {
  readonly #models = new Map<string, ServedModel>();
  /** Where models are, those that are not loaded included. */
  readonly #files: ReadonlyMap<string, string>;
  /** Loads of one name wait for one another. */
  readonly #loads = new Map<string, Promise<unknown>>();
  readonly #options: ServedOptions;
  readonly #events: PlaneEvents;
  #draining = false;
  #started = false;

  /** @param files of models, by their names */
  constructor(files: ReadonlyMap<string, string>, options: ServedOptions, events: PlaneEvents = {}) {
    this.#files = files;
    this.#options = options;
    this.#events = events;
  }

  /**
   * Loads a model from its file, in the place of the one before once it is ready: requests under way end on the old one.
   * @throws NmodeError: NOT_FOUND; BAD_MODEL, CANNOT_RUN, after which the old one goes on
   */
  async load(name: string): Promise<void> {
    const file = this.#files.get(name);
    if (file === undefined) throw unknownModel(name);
    const before = this.#loads.get(name) ?? Promise.resolve();
    const load = before.catch(() => {}).then(() => this.#load(name, file));
    this.#loads.set(name, load);
    await load;
  }

  async #load(name: string, file: string): Promise<void> {
    try {
      const onRun = (rows: number, milliseconds: number) => this.#events.ran?.(name, rows, milliseconds);
      const model = await ServedModel.load(name, file, this.#options, onRun);
      const before = this.#models.get(name);
      this.#models.set(name, model);
      this.#events.loaded?.(name, model.provider);
      await before?.close();
    } catch (error) {
      this.#events.refused?.(name, reason(error));
      throw error;
    }
  }

  /** Takes a model away; requests under way end. @throws NmodeError (NOT_FOUND) */
  async unload(name: string): Promise<void> {
    const model = this.model(name);
    this.#models.delete(name);
    this.#events.unloaded?.(name);
    await model.close();
  }

  get names(): readonly string[] {
    return [...this.#models.keys()];
  }

  /** Models that are not loaded, or no longer, and can be. */
  get unloaded(): readonly string[] {
    return [...this.#files.keys()].filter((name) => !this.#models.has(name));
  }

  /** @throws NmodeError (NOT_FOUND) */
  model(name: string, version?: string): ServedModel {
    const model = this.#models.get(name);
    if (model === undefined && this.#files.has(name)) {
      throw new NmodeError('NOT_FOUND', `model '${name}' is not loaded`);
    }
    if (model === undefined || (version !== undefined && version !== model.version)) {
      throw unknownModel(name, version);
    }
    return model;
  }

  /** The model of those who name none: where there are several they are asked, whichever is loaded. @throws NmodeError (NOT_FOUND, BAD_USAGE) */
  onlyModel(): ServedModel {
    const [name = '', ...others] = this.#files.keys();
    if (others.length > 0) {
      const names = [name, ...others].join(', ');
      throw new NmodeError('BAD_USAGE', `several models are served, name one: /v1/models/{${names}}/segment`);
    }
    return this.model(name);
  }

  /** Whether requests would be answered: every model has a worker. */
  get ready(): boolean {
    return !this.#draining && this.#models.size > 0 && [...this.#models.values()].every(({ alive }) => alive);
  }

  /** Whether all models that it began with have been loaded. */
  get started(): boolean {
    return this.#started;
  }

  start(): void {
    this.#started = true;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Says that it is not ready from now on; what is under way goes on. */
  drain(): void {
    this.#draining = true;
  }

  async close(): Promise<void> {
    this.#draining = true;
    await Promise.allSettled(this.#loads.values());
    await Promise.all([...this.#models.values()].map((model) => model.close()));
  }
}

function unknownModel(name: string, version?: string): NmodeError {
  const which = version === undefined ? '' : ` version ${version}`;
  return new NmodeError('NOT_FOUND', `Request for unknown model: '${name}'${which} is not found`);
}
