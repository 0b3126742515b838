/** Shows a bar on the terminal while something goes on, and takes it away before anything else is printed. */
export async function withProgress<T>(
  what: string,
  body: (onProgress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return body(() => {});
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({ format: `{bar} {value}/{total} ${what}`, clearOnComplete: true });
  try {
    return await body((done, total) => (done === 0 ? bar.start(total, 0) : bar.update(done)));
  } finally {
    bar.stop();
  }
}
