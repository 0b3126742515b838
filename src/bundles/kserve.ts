import { type BundledModel, type BundleFormat, modelFile } from './bundle.js';
import { CONTAINER_SECURITY, indented, PROBES, resources } from './pod.js';

/** Longer than `--drain-ms` (30 s), so that accepted requests are answered. */
const GRACE = 45;

/** `nmode serve` on KServe, and for clusters without it the same as a Deployment. */
export const kserve = {
  id: 'kserve',
  forImages: false,
  files: (model: BundledModel) => [
    { path: 'serving-runtime.yaml', contents: servingRuntime(model) },
    { path: 'inference-service.yaml', contents: inferenceService(model) },
    { path: 'deployment.yaml', contents: deployment(model) },
    modelFile(model, 'model/'),
  ],
} as const satisfies BundleFormat;

const container = (model: BundledModel, name: string, file: string, port: number) => `- name: ${name}
  image: ${model.image}
  args: ["serve", "${model.name}=${file}", "--host", "0.0.0.0", "--port", "${port}"]
  ports:
    - name: http
      containerPort: ${port}
      protocol: TCP
${indented(PROBES, 2)}
${indented(resources(model.memory), 2)}
${indented(CONTAINER_SECURITY, 2)}`;

const servingRuntime = (model: BundledModel) => `# The image is that of: nmode bundle --format docker
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata:
  name: nmode
spec:
  annotations:
    prometheus.io/scrape: "true"
    prometheus.io/path: /metrics
    prometheus.io/port: "8080"
  supportedModelFormats:
    - name: nmode-onnx
      version: "1"
      autoSelect: true
  protocolVersions: ["v2"]
  containers:
${indented(container(model, 'kserve-container', `/mnt/models/${model.name}.onnx`, 8080), 4)}
`;

const inferenceService = ({
  name,
}: BundledModel) => `# Put ${name}.onnx on a volume or into a bucket that storageUri names: pvc://CLAIM/FOLDER, s3://BUCKET/FOLDER, gs://BUCKET/FOLDER.
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: ${name}
  annotations:
    # Replicas by their use of the CPU, which a network keeps busy. Of /metrics, nv_inference_pending_request_count is for KEDA.
    serving.kserve.io/deploymentMode: RawDeployment
spec:
  predictor:
    minReplicas: 1
    maxReplicas: 4
    scaleMetric: cpu
    scaleTarget: 70
    terminationGracePeriodSeconds: ${GRACE}
    model:
      modelFormat:
        name: nmode-onnx
        version: "1"
      protocolVersion: v2
      runtime: nmode
      storageUri: pvc://models/${name}
`;

const deployment = (
  model: BundledModel,
) => `# Without KServe. The model is in the image, or on a volume at /models.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${model.name}
  labels:
    app: ${model.name}
spec:
  replicas: 1
  selector:
    matchLabels:
      app: ${model.name}
  template:
    metadata:
      labels:
        app: ${model.name}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/path: /metrics
        prometheus.io/port: "8000"
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: ${GRACE}
      containers:
${indented(container(model, 'nmode', `/models/${model.name}.onnx`, 8000), 8)}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
      volumes:
        - name: tmp
          emptyDir: {}
---
apiVersion: v1
kind: Service
metadata:
  name: ${model.name}
spec:
  selector:
    app: ${model.name}
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: ${model.name}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: ${model.name}
  minReplicas: 1
  maxReplicas: 4
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 70
`;
