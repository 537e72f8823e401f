import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kubernetesManifest } from '../../src/sweep/kubernetes.js';

// It passes kubernetes-validate --strict (PyPI) for Kubernetes 1.33 to 1.37.
const fixture = new URL('../fixtures/kubernetes.yaml', import.meta.url);
const file = '# a grid\nmethod: [sgd, adam]\nseed: 1..5\n';
const job = {
  ...{ pods: 4, cores: 2, memory: 8, image: 'hypergrad:0.1.0', claim: 'runs', file },
  args: ['--dir', 'a$(B)c', '--jobs', '2', '--cores', '2'],
};
/** As far as it is looked at here. */
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data: Record<string, string>;
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: { command: string[]; resources: unknown }[] } };
  };
}
const parsed = (text: string) => parseAllDocuments(text).map((each) => each.toJS() as Manifest);
const containerOf = (manifest: Manifest | undefined) => manifest?.spec.template.spec.containers[0];

describe('the manifest for Kubernetes', () => {
  it('is what it was when it was last looked at', () => {
    expect(kubernetesManifest(job)).toBe(readFileSync(fixture, 'utf8'));
  });

  it('holds the file of the sweep, and names it where the pod finds it', () => {
    const [map, batch] = parsed(kubernetesManifest(job));
    expect(map).toMatchObject({ kind: 'ConfigMap', data: { 'sweep.yaml': file } });
    expect(batch?.metadata.name).toBe(map?.metadata.name);
    expect(containerOf(batch)?.command.slice(0, 3)).toEqual(['hypergrad', 'sweep', '/sweep/sweep.yaml']);
  });

  it('escapes what Kubernetes would take for a variable', () => {
    expect(containerOf(parsed(kubernetesManifest(job))[1])?.command).toContain('a$$(B)c');
  });

  it('is the Job alone where there is no file, and no limit where there is none', () => {
    const [batch, ...others] = parsed(kubernetesManifest({ ...job, file: undefined, memory: undefined }));
    expect(others).toEqual([]);
    expect(containerOf(batch)?.resources).toEqual({ requests: { cpu: '2' } });
    expect(JSON.stringify(batch)).not.toContain('configMap');
  });

  it('has another name where anything in it differs', () => {
    const names = [job, { ...job, file: `${file}mu: 0.8\n` }, { ...job, pods: 5 }].map(
      (each) => parsed(kubernetesManifest(each)).at(-1)?.metadata.name,
    );
    expect(new Set(names).size).toBe(3);
  });
});
