import type { Metrics } from '../../runtime/masks/metrics.js';
import type { ProviderReport } from '../../runtime/node/sessions/session.js';

/** Whole numbers with thousands separators. */
export function count(value: number): string {
  // toLocaleString loads the tables of all languages first, which takes 10 ms.
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 14824833024 -> '14.825 G'. */
export function macsText(macs: number): string {
  return macs >= 1e9 ? `${(macs / 1e9).toFixed(3)} G` : `${(macs / 1e6).toFixed(3)} M`;
}

/** Bytes in decimal megabytes. */
export function bytesText(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

/** A share, 0..1. */
export function share(value: number): string {
  return value.toFixed(4);
}

/** That another provider than the first asked for was used, and why; undefined where none was. */
export function fallbackText({ requested, effective, attempts }: ProviderReport): string | undefined {
  if (attempts.length === 0 || requested[0] === 'auto') return undefined;
  const passed = attempts.map(({ provider, error }) => `not on ${provider}: ${error}`);
  return [`ran on ${effective}`, ...passed].join('; ');
}

/** What a confusion comes to, by the names of the field. */
export function metricFields({ miou: mIoU, dsc: DSC, accuracy, sensitivity, specificity }: Metrics) {
  const metrics = Object.entries({ mIoU, DSC, accuracy, sensitivity, specificity });
  return metrics.map(([name, value]) => [name, share(value)] as const);
}

/** The same of one class of several, in a line. */
export function classFigures({ dsc, miou, sensitivity, specificity }: Metrics): string {
  const metrics = { DSC: dsc, IoU: miou, sensitivity, specificity };
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${share(value)}`)
    .join(', ');
}
