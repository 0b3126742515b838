/** onnxruntime-node, loaded at the first session. */
export async function loadRuntime() {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  const runtime = await import('onnxruntime-node');
  // What goes wrong is thrown as well; said twice, it would litter standard error.
  runtime.env.logLevel = 'fatal';
  return runtime;
}
