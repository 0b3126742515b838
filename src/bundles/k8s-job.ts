import { type BundledModel, type BundleFormat, modelFile } from './bundle.js';
import { CONTAINER_SECURITY, indented, resources } from './pod.js';

/** An Indexed Job of shards, and the Job that merges them. */
export const k8sJob = {
  id: 'k8s-job',
  forImages: true,
  files: (model: BundledModel) => [
    { path: 'predict.yaml', contents: predictJob(model) },
    { path: 'merge.yaml', contents: mergeJob(model) },
    modelFile(model),
  ],
} as const satisfies BundleFormat;

/** A pod that runs `nmode` on the claim "data". @param command with its arguments, and what else its container has */
const template = ({ image, memory }: BundledModel, name: string, command: string) => `template:
  spec:
    restartPolicy: Never
    automountServiceAccountToken: false
    containers:
      - name: ${name}
        image: ${image}
${indented(command, 8)}
${indented(resources(memory), 8)}
${indented(CONTAINER_SECURITY, 8)}
        volumeMounts:
          - name: data
            mountPath: /data
          - name: tmp
            mountPath: /tmp
    volumes:
      - name: data
        persistentVolumeClaim:
          claimName: data
      - name: tmp
        emptyDir: {}`;

const predictCommand = ({ name, shards }: BundledModel) =>
  `args: ["predict", "/models/${name}.onnx", "/data/images", "--output", "/data/shards", "--shard", "auto"]
env:
  - name: JOB_COMPLETIONS
    value: "${shards}"`;

const predictJob = (
  model: BundledModel,
) => `# Segments the images in /data/images of the claim "data" into /data/shards, ${model.shards} pods, as many at a time as parallelism says.
# A pod that is lost runs again and resumes. The claim has to be one that many nodes mount (ReadWriteMany).
apiVersion: batch/v1
kind: Job
metadata:
  name: ${model.name}-predict
spec:
  completionMode: Indexed
  # As many as JOB_COMPLETIONS below.
  completions: ${model.shards}
  parallelism: ${model.shards}
  backoffLimitPerIndex: 6
  podFailurePolicy:
    rules:
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
      # Bad usage, images that cannot be read: it would be the same again.
      - action: FailIndex
        onExitCodes:
          containerName: predict
          operator: In
          values: [2, 3]
${indented(template(model, 'predict', predictCommand(model)), 2)}
`;

const mergeJob = (
  model: BundledModel,
) => `# After ${model.name}-predict is complete: checks every mask, and writes /data/shards/manifest.jsonl.
apiVersion: batch/v1
kind: Job
metadata:
  name: ${model.name}-merge
spec:
  backoffLimit: 2
${indented(template(model, 'merge', 'args: ["merge", "/data/shards", "--output", "/data/shards"]'), 2)}
`;
