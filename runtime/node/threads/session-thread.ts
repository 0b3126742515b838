import { sessionMethods } from '../../sessions/session-methods.js';
import { type NativeOptions, openNative } from '../sessions/native.js';
import { providerPlacementOf } from '../sessions/provider-placement.js';
import { parseProvider } from '../sessions/providers.js';
import { serve } from './serve.js';

/** A thread that owns one session. */
const methods = {
  ...sessionMethods<NativeOptions>({
    open: openNative,
    openCpu: (model, options) => openNative(model, { ...options, provider: parseProvider('cpu') }),
  }),
  placement: providerPlacementOf,
};

export type SessionMethods = typeof methods;

serve(methods);
