import config from './jest.config.js';

/** What takes minutes: other engines (Chromium, WebGPU), twenty times the fuzzing of `npm test`, benchmarks and the docs' own commands. */
export default { ...config, testMatch: ['<rootDir>/test/**/*.extended.ts'] };
