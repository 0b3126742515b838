import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { checkOptions, type Kind, type Kinds, oneOf, SHARE } from '../../graph/common/option-kinds.js';
import { pick } from '../../graph/common/pick.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import { ACTIVATION_CHOICES, type ActivationName, isActivationName } from './activations.js';

export const POOLINGS = ['max', 'average'] as const;
export type Pooling = (typeof POOLINGS)[number];

export const UPSAMPLINGS = ['nearest', 'bilinear'] as const;
export type Upsampling = (typeof UPSAMPLINGS)[number];

/** What convolutions find outside of the image: torch.nn.Conv2d's `padding_mode`. */
export const PADDINGS = ['zeros', 'reflect', 'replicate', 'circular'] as const;
export type Padding = (typeof PADDINGS)[number];

/**
 * What changes a network's output and leaves no trace in its state dict. What is left out is as in the code that the network is
 * known by; what is given holds wherever the network has something of the kind.
 */
export interface Settings {
  readonly pooling?: Pooling;
  /** How features are interpolated to a larger size. */
  readonly upsample?: Upsampling;
  /** `align_corners` of bilinear upsampling. */
  readonly alignCorners?: boolean;
  /** `eps` of every BatchNorm, 0 to 1. */
  readonly bnEps?: number;
  readonly padding?: Padding;
  /** Replaces the activations of the backbone and of its own decoder, except gates (a sigmoid that weights features). */
  readonly backboneActivation?: ActivationName;
  /** Replaces the ReLU in an nmODE decoder's blocks. */
  readonly blockActivation?: ActivationName;
}
export type SettingName = keyof Settings;
export type SettingOf<K extends SettingName> = NonNullable<Settings[K]>;

interface SettingKind {
  /** The setting in the field's words. */
  readonly what: string;
  /** Why it does not apply to a network where nothing asks for it. */
  readonly absent: string;
  /** The key of `metadata_props`. */
  readonly key: string;
  readonly kind: Kind;
}

const ACTIVATION: Kind = [
  ACTIVATION_CHOICES,
  (value) => typeof value === 'string' && isActivationName(value),
];

/** In the order in which they are told. */
const KINDS: Readonly<Record<SettingName, SettingKind>> = {
  pooling: {
    what: 'pooling',
    absent: 'there is no maximum pooling among the layers that are written',
    key: 'nmode.pooling',
    kind: oneOf(POOLINGS),
  },
  backboneActivation: {
    what: 'activation',
    absent: 'none of the layers that are written is an activation of a backbone (gates do not count)',
    key: 'nmode.backbone_activation',
    kind: ACTIVATION,
  },
  blockActivation: {
    what: 'activation in nmODE blocks',
    absent: 'there is no nmODE decoder',
    key: 'nmode.block_activation',
    kind: ACTIVATION,
  },
  bnEps: {
    what: 'BatchNorm eps',
    absent: 'there is no BatchNorm',
    key: 'nmode.bn_eps',
    kind: SHARE,
  },
  padding: {
    what: 'padding',
    absent: 'no convolution is padded',
    key: 'nmode.padding',
    kind: oneOf(PADDINGS),
  },
  upsample: {
    what: 'upsampling',
    absent: 'nothing is interpolated',
    key: 'nmode.upsampling',
    kind: oneOf(UPSAMPLINGS),
  },
  alignCorners: {
    what: 'align_corners',
    absent: 'nothing is interpolated bilinearly',
    key: 'nmode.align_corners',
    kind: oneOf([true, false]),
  },
};
export const SETTING_NAMES = Object.keys(KINDS) as readonly SettingName[];
export const SETTING_KINDS = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, KINDS[name].kind]),
) as Kinds<Settings>;

/** 0.00001 -> '1e-5'. */
const text = (value: SettingOf<SettingName>): string =>
  typeof value === 'number' ? value.toExponential() : String(value);

/** Settings that make sense, perhaps among other options. @throws NmodeError (BAD_USAGE) for one that does not */
export function checkSettings(given: Settings): Settings {
  checkOptions(pick(given, SETTING_NAMES), SETTING_KINDS);
  if (given.upsample === 'nearest' && given.alignCorners !== undefined) {
    throw badUsage(`${option('alignCorners')} applies only to bilinear upsampling`);
  }
  return given;
}

/** Settings, and what the layers of a network would have taken without them. */
export class SettingsInUse {
  readonly #own = new Map<SettingName, Set<string>>();

  constructor(readonly given: Settings = {}) {}

  /** What holds for a layer. @param own what the network's code has there */
  take<K extends SettingName>(name: K, own: SettingOf<K>): SettingOf<K> {
    const values = this.#own.get(name) ?? new Set();
    this.#own.set(name, values.add(text(own)));
    return this.given[name] ?? own;
  }

  /** What was taken and not given. */
  get assumed(): readonly Assumption[] {
    return SETTING_NAMES.filter((name) => this.given[name] === undefined).flatMap((name) => {
      const values = this.#own.get(name);
      return values ? [{ what: KINDS[name].what, value: [...values].join(' and '), option: name }] : [];
    });
  }

  /** Entries of the metadata for what was given. */
  get metadata(): readonly [string, string][] {
    return SETTING_NAMES.flatMap((name) => {
      const value = this.given[name];
      return value === undefined ? [] : [[KINDS[name].key, text(value)] satisfies [string, string]];
    });
  }

  /** @throws NmodeError (BAD_USAGE) for a setting that no layer asked for */
  refuseUnused(file: string): void {
    const unused = SETTING_NAMES.find((name) => this.given[name] !== undefined && !this.#own.has(name));
    if (unused === undefined) return;
    throw badUsage(`${file}: ${option(unused)} does not apply: ${KINDS[unused].absent}`);
  }
}
