import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The pages in the order of a reader's way; their titles are those that the side bar shows. */
const GROUPS = {
  'Your network': {
    'Plain U-Nets': 'plain-unets',
    Backbones: 'backbones',
    smp: 'smp',
    MONAI: 'monai',
    'nnU-Net': 'nnunet',
    "nnU-Net's networks": 'nnunet-networks',
    'All families': 'families',
    Checkpoints: 'checkpoints',
    'Other exporters': 'foreign',
  },
  Commands: {
    Slimming: 'slimming',
    'Exporting, verifying, segmenting': 'exporting',
    Grafting: 'grafting',
    Optimizing: 'optimizing',
    Evaluating: 'evaluating',
    Recipes: 'recipes',
    Classes: 'classes',
  },
  Running: {
    Installing: 'install',
    Node: 'runtime',
    Browsers: 'browser',
    'Names of other libraries': 'api-words',
    Providers: 'providers',
    GPUs: 'gpu',
  },
  Serving: {
    Serving: 'serving',
    Operating: 'operations',
    Security: 'security',
    'Many machines': 'scaling',
  },
  Background: {
    Decoders: 'decoders',
    Performance: 'performance',
    Training: 'training',
    Development: 'development',
  },
};

const sidebar = [
  ...Object.entries(GROUPS).map(([text, pages]) => ({
    text,
    items: Object.entries(pages)
      .filter(([, page]) => existsSync(`${root}/docs/${page}.md`))
      .map(([title, page]) => ({ text: title, link: `/docs/${page}` })),
  })),
  {
    text: 'API reference',
    items: [
      { text: 'Node', link: '/api/index/' },
      { text: 'Browsers', link: '/api/web' },
    ],
  },
];

export default defineConfig({
  title: 'nmode-onnx',
  description:
    'Export trained PyTorch segmentation networks to ONNX, make them smaller and faster, and run them.',
  srcDir: 'pages',
  outDir: '../../out/docs',
  // Files of the repository that are no pages.
  ignoreDeadLinks: [/\/examples\//],
  themeConfig: {
    sidebar,
    nav: [
      { text: 'Guide', link: '/' },
      { text: 'API', link: '/api/index/' },
    ],
    outline: [2, 3],
    // Built into the site: nothing is asked of another host.
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          // Guides before the members of types.
          searchOptions: { boostDocument: (id) => (id.startsWith('/api/') ? 0.2 : 1) },
        },
      },
    },
  },
});
