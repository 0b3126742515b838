import type { Backbone, Network, OwnDecoder, Skip } from './backbone.js';

type Scale = Skip['scale'] | number;

/** What a network of a backbone of your own was written with before: docs/development.md has the list. */
interface Before extends Omit<Network, 'scales' | 'skips' | 'own'> {
  readonly scales: readonly Scale[];
  // biome-ignore lint/plugin: its name until the next version
  readonly aside?: readonly string[];
  readonly own?: OwnDecoder & { readonly form?: OwnDecoder['variant'] };
  skips(...given: Parameters<Network['skips']>): readonly (Omit<Skip, 'scale'> & { readonly scale: Scale })[];
}

/** A backbone whose networks say everything by the names of today. */
export function withNamesOfToday(backbone: Backbone): Backbone {
  return { ...backbone, network: (...given) => today(backbone.network(...given)) };
}

function today(network: Before): Network {
  const { own, scales, ...others } = network;
  return {
    ...(network.aside && { ignoredPrefixes: network.aside }),
    ...others,
    ...(own && { own: { ...own, ...(own.form && { variant: own.form }) } }),
    scales: scales.map(ofAxes),
    skips: (...given) => network.skips(...given).map((skip) => ({ ...skip, scale: ofAxes(skip.scale) })),
  };
}

/** One number was that of height and width. */
const ofAxes = (scale: Scale): Skip['scale'] => (typeof scale === 'number' ? [scale, scale] : scale);
