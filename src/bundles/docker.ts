import { VERSION } from '../../graph/common/version.js';
import { installed } from '../../runtime/node/packages.js';
import { type BundledModel, type BundleFormat, modelFile } from './bundle.js';

/** An image of `nmode` and the model, and how to run it with nothing that it does not need. */
export const docker = {
  id: 'docker',
  forImages: false,
  files: (model: BundledModel) => [
    { path: 'Dockerfile', contents: dockerfile(model) },
    { path: '.dockerignore', contents: `*\n!nmode-onnx-${VERSION}.tgz\n!${model.name}.onnx\n` },
    { path: 'compose.yaml', contents: compose(model) },
    modelFile(model),
  ],
} as const satisfies BundleFormat;

const dockerfile = ({
  name,
  image,
}: BundledModel) => `# Put nmode-onnx-${VERSION}.tgz (npm pack) here, then: docker build -t ${image} .
FROM node:22-bookworm-slim AS build
WORKDIR /srv
COPY nmode-onnx-${VERSION}.tgz ./
# onnxruntime-node holds the CPU's onnxruntime: nothing is fetched from elsewhere than the npm registry.
RUN echo '{ "private": true }' > package.json \\
 && ONNXRUNTIME_NODE_INSTALL=skip npm install --omit=dev --no-audit --no-fund ./nmode-onnx-${VERSION}.tgz \\
    ${installed('serving models')} \\
 && rm nmode-onnx-${VERSION}.tgz

FROM node:22-bookworm-slim
COPY --from=build /srv/node_modules /srv/node_modules
# Or mount a folder of models over it: docker run --volume "$PWD:/models:ro" ...
COPY ${name}.onnx /models/
# Without it, glibc keeps what is freed; with it, no second process is needed on Node 20.
ENV MALLOC_MMAP_THRESHOLD_=131072
USER 65532:65532
EXPOSE 8000
# Signals reach it: no shell and no npx between.
ENTRYPOINT ["node", "/srv/node_modules/nmode-onnx/dist/src/cli/main.js"]
CMD ["serve", "${name}=/models/${name}.onnx", "--host", "0.0.0.0"]
`;

const compose = ({ name, image, memory }: BundledModel) => `services:
  ${name}:
    image: ${image}
    build: .
    ports: ["127.0.0.1:8000:8000"]
    # Nothing is written: neither the root nor /tmp are needed.
    read_only: true
    tmpfs: ["/tmp"]
    cap_drop: ["ALL"]
    security_opt: ["no-new-privileges:true"]
    mem_limit: ${memory}m
    # Longer than --drain-ms: accepted requests are answered.
    stop_grace_period: 45s
    restart: unless-stopped
`;
