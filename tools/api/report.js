/** `npm run api`: the report of the public API in etc/, of the built declarations, for Node and for browsers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = resolve(here, '../..');
const temporary = mkdtempSync(join(tmpdir(), 'nmode-api-'));

/** The entry points, by the names of their reports. */
const ENTRIES = { node: 'index', web: 'web' };

const [none, error] = [{ logLevel: ExtractorLogLevel.None }, { logLevel: ExtractorLogLevel.Error }];

for (const [name, entry] of Object.entries(ENTRIES)) {
  const configObject = {
    projectFolder: root,
    mainEntryPointFilePath: join(root, 'dist/src', `${entry}.d.ts`),
    newlineKind: 'lf',
    compiler: { tsconfigFilePath: join(here, 'tsconfig.json') },
    apiReport: {
      enabled: true,
      reportFileName: name,
      reportFolder: join(root, 'etc'),
      reportTempFolder: temporary,
      // Constants whose types alone are public: what they list is what may be given.
      includeForgottenExports: true,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: { default: error },
      extractorMessageReporting: { default: none },
      tsdocMessageReporting: { default: none },
    },
  };
  const packageJsonFullPath = join(root, 'package.json');
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath,
  });
  const { succeeded } = Extractor.invoke(config, { localBuild: true });
  if (!succeeded) process.exitCode = 1;
}
rmSync(temporary, { recursive: true });
