import config from './jest.config.js';

/** What takes minutes and finds little: ten times the fuzzing of `npm test`. */
export default { ...config, testMatch: ['<rootDir>/test/**/*.extended.ts'] };
