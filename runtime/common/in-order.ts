/**
 * Does something to each of many, several at a time; the results come in the order of the sources.
 * @param limit how many are under way at most
 * @throws what `body` throws, when its turn comes; what is under way then is waited for
 */
export async function* inOrder<S, T>(
  sources: Iterable<S> | AsyncIterable<S>,
  limit: number,
  body: (source: S) => Promise<T>,
): AsyncGenerator<T, void, undefined> {
  const underWay: Promise<T>[] = [];
  try {
    for await (const source of sources) {
      const result = body(source);
      // It is looked at when its turn comes; until then a failure must not count as unhandled.
      result.catch(() => {});
      underWay.push(result);
      if (underWay.length >= limit) yield await (underWay.shift() ?? result);
    }
    while (underWay.length > 0) {
      const [next] = underWay;
      if (next !== undefined) yield await next;
      underWay.shift();
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
