/** Jest over ES modules: TypeScript is stripped by swc, imports of './x.js' find './x.ts'. */
export default {
  testEnvironment: './test/support/environment.cjs',
  extensionsToTreatAsEsm: ['.ts'],
  // Tests assert what happens, not how fast: a loaded machine may take its time.
  testTimeout: 60_000,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }],
  },
};
