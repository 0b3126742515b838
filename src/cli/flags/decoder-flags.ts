import { Option } from 'commander';
import type { Head } from '../../../exporters/assembly/head.js';
import { MULTISTEP_FORMS } from '../../../exporters/decoders/multistep.js';
import type { Activation, DecoderId, MultistepForm } from '../../index.js';

/** What is told of a decoder, where its keys cannot tell. */
export interface DecoderFlags<D extends DecoderId> {
  readonly decoder?: D;
  readonly activation?: Activation;
  readonly lmdForm?: MultistepForm;
  readonly head?: Head;
}

export function decoderOption(choices: readonly DecoderId[]): Option {
  const why = 'needed where the keys cannot tell: EED and LMD share theirs';
  return new Option('--decoder <decoder>', why).choices(choices);
}

export function lmdVariantOption(): Option {
  const what = "sign of LMD's y term: as trained by the release, or as in the paper";
  return new Option('--lmd-form <form>', what).choices(MULTISTEP_FORMS);
}

export function decoderOptions<D extends DecoderId>({
  decoder,
  activation,
  lmdForm,
  head,
}: DecoderFlags<D>): DecoderFlags<D> {
  return {
    ...(decoder && { decoder }),
    ...(activation && { activation }),
    ...(lmdForm && { lmdForm }),
    ...(head && { head }),
  };
}
