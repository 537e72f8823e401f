import { createHash } from 'node:crypto';
import { stringify } from 'yaml';

/** A sweep as an Indexed Job of Kubernetes. */
export interface KubernetesJob {
  /** How many pods; each takes runs of the sweep as long as there are any. */
  readonly pods: number;
  /** Cores of a pod. */
  readonly cores: number;
  /** Memory of a pod, in GiB; no limit where it is undefined. */
  readonly memory: number | undefined;
  /** The container image, which has `hypergrad`. */
  readonly image: string;
  /** The claim of the volume that the results are on; all pods must be able to write to it. */
  readonly claim: string;
  /** The text of the sweep's file, where it has one. */
  readonly file: string | undefined;
  /** Arguments of the sweep, its file not among them. */
  readonly args: readonly string[];
}

/** Where the volume is in a pod; the sweep works there. */
export const volumeFolder = '/work';
const fileFolder = '/sweep';
const fileName = 'sweep.yaml';

/** Seconds that a pod has for its checkpoints once it is told to end. */
const grace = 120;
/** How often a pod that failed is started again. */
const tries = 3;

/** The manifest, in YAML: the Job, and before it a ConfigMap with the sweep's file where it has one. */
export function kubernetesManifest({ pods, cores, memory, image, claim, file, args }: KubernetesJob): string {
  const digest = createHash('sha256').update(JSON.stringify([pods, cores, memory, image, claim, file, args]));
  const metadata = { name: `hypergrad-${digest.digest('hex').slice(0, 8)}`, labels: { app: 'hypergrad' } };
  const size = memory === undefined ? {} : { memory: `${memory}Gi` };
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, immutable: true, data: { [fileName]: file } };
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata,
    spec: {
      completionMode: 'Indexed',
      completions: pods,
      parallelism: pods,
      backoffLimitPerIndex: tries,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: { rules: failureRules },
      template: {
        metadata: { labels: metadata.labels },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: grace,
          securityContext: { fsGroup: 1000 },
          containers: [
            {
              name: container,
              image,
              workingDir: volumeFolder,
              command: [
                ...['hypergrad', 'sweep', ...(file === undefined ? [] : [`${fileFolder}/${fileName}`])],
                ...args.map((word) => word.replaceAll('$(', '$$$$(')), // that it is not taken for a variable
                ...['--part', `$(JOB_COMPLETION_INDEX)/${pods}`, '--requeue'],
              ],
              resources: {
                requests: { cpu: String(cores), ...size },
                ...(memory === undefined ? {} : { limits: size }),
              },
              volumeMounts: [
                { name: 'work', mountPath: volumeFolder },
                ...(file === undefined ? [] : [{ name: 'sweep', mountPath: fileFolder, readOnly: true }]),
              ],
            },
          ],
          volumes: [
            { name: 'work', persistentVolumeClaim: { claimName: claim } },
            ...(file === undefined ? [] : [{ name: 'sweep', configMap: { name: metadata.name } }]),
          ],
        },
      },
    },
  };
  const documents = file === undefined ? [job] : [configMap, job];
  return documents.map((each) => stringify(each, { aliasDuplicateObjects: false, lineWidth: 0 })).join('---\n');
}

const container = 'hypergrad';

/** The first that holds decides: a wrong command stays wrong; a pod that was told to end has not failed. */
const failureRules = [
  { action: 'FailIndex', onExitCodes: { containerName: container, operator: 'In', values: [2] } },
  { action: 'Ignore', onExitCodes: { containerName: container, operator: 'In', values: [75] } },
  { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
];
