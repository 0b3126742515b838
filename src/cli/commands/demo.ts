import { once } from 'node:events';
import type { Command } from 'commander';
import { parsePort } from '../flags/arguments.js';
import { print } from '../output/print.js';

interface DemoFlags {
  readonly host: string;
  readonly port: number;
  readonly output?: string;
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('serve a page that segments images in the browser')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for all interfaces', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 for a free one', parsePort, 8080)
    .option('-o, --output <folder>', 'write the page to a folder instead, for any web server')
    .action(async ({ host, port, output }: DemoFlags) => {
      const { serveSite, writeSite } = await import('../../files/site.js');
      if (output !== undefined) {
        await writeSite(output);
        print(`The page is in ${output}.`);
        return;
      }
      const site = await serveSite({ host, port });
      print(`The page is at ${site.url} (Ctrl-C ends it).`);
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      await site.close();
    });
}
