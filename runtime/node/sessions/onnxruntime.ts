import { withPackages } from '../packages.js';

/** onnxruntime-node, loaded at the first session. @throws NmodeError (CANNOT_RUN) where it is not installed */
export async function loadRuntime() {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  const runtime = await withPackages('running a model', () => import('onnxruntime-node'));
  // What goes wrong is thrown as well; said twice, it would litter standard error.
  runtime.env.logLevel = 'fatal';
  return runtime;
}
