import { type ErrorCode, NmodeError, reason } from '../../graph/common/errors.js';

export interface DownloadOptions {
  /** What a failure is. */
  readonly code: ErrorCode;
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes as they come, and of how many there are, where the server says. */
  readonly onBytes?: (loaded: number, total: number | undefined) => void;
}

/** The last part of a path, or the whole URL where there is none. */
export function nameOf({ href, pathname }: URL): string {
  const name = pathname.split('/').at(-1) || href;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/**
 * Fetches a file.
 * @throws NmodeError with the code given; the signal's reason
 */
export async function download(url: URL, { code, signal, onBytes }: DownloadOptions): Promise<ArrayBuffer> {
  const fail = (problem: string, cause?: unknown) =>
    new NmodeError(code, `${nameOf(url)}: cannot be fetched: ${problem}`, { cause });
  try {
    const response = await fetch(url, signal ? { signal } : {});
    if (!response.ok) throw fail(`the server says ${response.status} ${response.statusText}`.trim());
    // Servers of pages answer a wrong path with the page itself.
    if (response.headers.get('content-type')?.startsWith('text/html')) {
      throw fail('the server has a web page there, not a file');
    }
    return await new Response(response.body?.pipeThrough(counting(response, onBytes)) ?? null).arrayBuffer();
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof NmodeError ? error : fail(reason(error), error);
  }
}

/** Bytes go through and are counted. A compressed body's length is not that of the file. */
function counting({ headers }: Response, onBytes: DownloadOptions['onBytes']) {
  const length = headers.has('content-encoding') ? 0 : Number(headers.get('content-length'));
  let loaded = 0;
  return new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      loaded += chunk.length;
      onBytes?.(loaded, length > 0 ? length : undefined);
      controller.enqueue(chunk);
    },
  });
}
