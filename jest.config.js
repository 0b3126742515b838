/** Jest over ES modules: TypeScript is stripped by swc, imports of './x.js' find './x.ts'. */
export default {
  globalSetup: './test/support/global-setup.js',
  testEnvironment: './test/support/environment.cjs',
  extensionsToTreatAsEsm: ['.ts'],
  // Tests assert what happens, not how fast: a loaded machine may take its time.
  testTimeout: 60_000,
  // Many tests wait for a browser or a command: one core would idle.
  maxWorkers: '100%',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  moduleNameMapper: {
    // Node starts threads from built files only.
    '/thread-url\\.js$': '<rootDir>/test/support/thread-url.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }],
  },
};
