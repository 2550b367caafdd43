import { readFileSync } from 'node:fs';

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

const root = join(import.meta.dirname, '../../../..');

const page = readFileSync(join(root, 'docs/proxies.md'), 'utf8');

/** The section below a heading, and the documents of its block of YAML. */
function sectionOf(heading: string) {
  const text = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? expect.fail(`there is no ${heading}`);
  const yaml = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? expect.fail('it has no YAML');
  const documents = parseAllDocuments(yaml, { strict: true, uniqueKeys: true });
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  return { text, objects: documents.map((document) => document.toJS()) };
}

describe('a configuration that no test runs', () => {
  it.each(['Traefik', 'Kubernetes and Helm'])('says so: %s', (heading) => {
    expect(sectionOf(heading).text.trim()).toMatch(/^Not tried:/);
  });

  it('is one of Traefik whose router leads to its service, whose health is asked', () => {
    const [{ http }] = sectionOf('Traefik').objects;
    for (const { service } of Object.values<{ service: string }>(http.routers)) {
      expect(http.services[service].loadBalancer).toMatchObject({
        servers: [{ url: 'http://127.0.0.1:1234' }],
        healthCheck: { path: '/ready' },
      });
    }
  });

  it('is one of Kubernetes whose objects fit each other and the image', () => {
    const [deployment, service, claim] = sectionOf('Kubernetes and Helm').objects;
    expect([deployment.kind, service.kind, claim.kind]).toEqual(['Deployment', 'Service', 'PersistentVolumeClaim']);
    const { selector, template, replicas, strategy } = deployment.spec;
    expect([replicas, strategy.type]).toEqual([1, 'Recreate']);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(template.metadata.labels).toMatchObject(service.spec.selector);
    const [container] = template.spec.containers;
    const ports = container.ports.map(({ containerPort }: { containerPort: number }) => containerPort);
    expect(ports).toEqual(service.spec.ports.map(({ port }: { port: number }) => port));
    expect(template.spec.volumes).toEqual([
      { name: container.volumeMounts[0].name, persistentVolumeClaim: { claimName: claim.metadata.name } },
    ]);
    const image = readFileSync(join(root, 'Containerfile'), 'utf8');
    expect(image).toContain(`${template.spec.securityContext.runAsUser}`);
    expect(image).toContain(container.volumeMounts[0].mountPath);
  });
});
