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
  /** Where models are, those that were unloaded included. */
  readonly #files = new Map<string, string>();
  /** Loads of one name wait for one another. */
  readonly #loads = new Map<string, Promise<unknown>>();
  readonly #options: ServedOptions;
  readonly #events: PlaneEvents;
  #draining = false;
  #started = false;

  constructor(options: ServedOptions, events: PlaneEvents = {}) {
    this.#options = options;
    this.#events = events;
  }

  /**
   * Loads a model, in the place of one of that name once it is ready: requests under way end on the old one.
   * @throws NmodeError: BAD_MODEL, CANNOT_RUN; the old one then goes on
   */
  load(name: string, file: string): Promise<void> {
    const before = this.#loads.get(name) ?? Promise.resolve();
    const load = before.catch(() => {}).then(() => this.#load(name, file));
    this.#loads.set(name, load);
    return load;
  }

  async #load(name: string, file: string): Promise<void> {
    try {
      const onRun = (rows: number, milliseconds: number) => this.#events.ran?.(name, rows, milliseconds);
      const model = await ServedModel.load(name, file, this.#options, onRun);
      const before = this.#models.get(name);
      this.#models.set(name, model);
      this.#files.set(name, file);
      this.#events.loaded?.(name, model.provider);
      await before?.close();
    } catch (error) {
      this.#events.refused?.(name, reason(error));
      throw error;
    }
  }

  /** Loads a model again from its file, also after it was unloaded. @throws as `load`; NmodeError (NOT_FOUND) */
  async reload(name: string): Promise<void> {
    const file = this.#files.get(name);
    if (file === undefined) throw unknownModel(name);
    await this.load(name, file);
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

  /** Models that were unloaded and can be loaded again. */
  get unloaded(): readonly string[] {
    return [...this.#files.keys()].filter((name) => !this.#models.has(name));
  }

  /** @throws NmodeError (NOT_FOUND) */
  model(name: string, version?: string): ServedModel {
    const model = this.#models.get(name);
    if (model === undefined || (version !== undefined && version !== model.version)) {
      throw unknownModel(name, version);
    }
    return model;
  }

  /** The only model that takes images. @throws NmodeError (NOT_FOUND, BAD_USAGE) */
  onlyModel(): ServedModel {
    const models = [...this.#models.values()].filter(({ segmenter }) => segmenter !== undefined);
    const [model] = models;
    if (model === undefined) throw new NmodeError('NOT_FOUND', 'no model that takes images is loaded');
    if (models.length > 1) {
      const names = models.map(({ name }) => name).join(', ');
      throw new NmodeError('BAD_USAGE', `several models are served, name one: /v1/models/{${names}}/segment`);
    }
    return model;
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
