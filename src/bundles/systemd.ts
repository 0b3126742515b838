import { installed } from '../../runtime/node/packages.js';
import { type BundledModel, type BundleFormat, modelFile } from './bundle.js';

/** A unit for a box without containers, which takes from the server all that it does not need. */
export const systemd = {
  id: 'systemd',
  forImages: false,
  files: (model: BundledModel) => [
    { path: `nmode-${model.name}.service`, contents: unit(model) },
    modelFile(model),
  ],
} as const satisfies BundleFormat;

const unit = ({ name, memory }: BundledModel) => `# Install:
#   npm install --prefix /opt/nmode ./nmode-onnx-*.tgz ${installed('serving models')}
#   install -D -m 644 ${name}.onnx /opt/nmode/models/${name}.onnx
#   install -m 644 nmode-${name}.service /etc/systemd/system/ && systemctl enable --now nmode-${name}
# It listens on this machine alone. For others, add --host 0.0.0.0, --token-file and --tls-cert, and widen IPAddressAllow.
[Unit]
Description=nmode serve ${name}
Documentation=https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
After=network.target

[Service]
ExecStart=/usr/bin/node /opt/nmode/node_modules/nmode-onnx/dist/src/cli/main.js serve ${name}=/opt/nmode/models/${name}.onnx
Environment=MALLOC_MMAP_THRESHOLD_=131072
Restart=always
# Longer than --drain-ms: accepted requests are answered.
TimeoutStopSec=45
MemoryMax=${memory}M

DynamicUser=yes
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
DevicePolicy=closed
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
IPAddressDeny=any
IPAddressAllow=localhost
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @mount @keyring
SystemCallErrorNumber=EPERM
# Not set, as V8 compiles what it runs into memory that is written first and executed then: MemoryDenyWriteExecute=yes

[Install]
WantedBy=multi-user.target
`;
