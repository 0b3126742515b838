/** Text of YAML, each line further to the right. */
export const indented = (text: string, spaces: number): string =>
  text.replaceAll(/^(?=.)/gm, ' '.repeat(spaces));

/** What a container of `nmode` may do: nothing that it does not need. `/tmp` and what is mounted can be written to. */
export const CONTAINER_SECURITY = `securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  runAsUser: 65532
  capabilities:
    drop: ["ALL"]
  seccompProfile:
    type: RuntimeDefault`;

/** Two cores, which it finds by its control group; memory is the limit, so that a node is not overcommitted. */
export const resources = (memory: number): string => `resources:
  requests:
    cpu: "2"
    memory: ${memory}Mi
  limits:
    cpu: "2"
    memory: ${memory}Mi`;

/** Probes of `nmode serve`: it lives while models load, and is ready when each has a worker. */
export const PROBES = `startupProbe:
  httpGet:
    path: /v2/health/ready
    port: http
  periodSeconds: 2
  failureThreshold: 60
readinessProbe:
  httpGet:
    path: /v2/health/ready
    port: http
  periodSeconds: 5
livenessProbe:
  httpGet:
    path: /v2/health/live
    port: http
  periodSeconds: 10
  failureThreshold: 3`;
