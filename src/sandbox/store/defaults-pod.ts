// The defaults of pods, pod templates and what runs them, as the API server fills them in.
import { each, fill, isJson, objectAt, within, type Json } from './json.ts';

const filling =
  (defaults: Json) =>
  (object: Json): Json =>
    fill(object, defaults);

function podSpecDefaults(spec: Json): Json {
  let filled = fill(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  const account = filled['serviceAccountName'] ?? filled['serviceAccount'];
  if (typeof account === 'string' && account !== '') {
    filled = fill(filled, { serviceAccountName: account, serviceAccount: account });
  }
  for (const field of ['containers', 'initContainers', 'ephemeralContainers']) {
    filled = each(filled, field, containerDefaults);
  }
  return each(filled, 'volumes', volumeDefaults);
}

function containerDefaults(container: Json): Json {
  let filled = fill(container, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicy(container['image']),
    resources: {},
  });
  filled = each(filled, 'ports', filling({ protocol: 'TCP' }));
  for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    filled = within(filled, field, probeDefaults);
  }
  filled = within(filled, 'lifecycle', (lifecycle) =>
    within(within(lifecycle, 'postStart', handlerDefaults), 'preStop', handlerDefaults),
  );
  return each(filled, 'env', (variable) =>
    within(variable, 'valueFrom', (source) => within(source, 'fieldRef', filling({ apiVersion: 'v1' }))),
  );
}

/** `Always` for `:latest` and for an image without tag or digest. */
function pullPolicy(image: unknown): string {
  const text = typeof image === 'string' ? image : '';
  if (text.includes('@')) return 'IfNotPresent';
  const tag = /:([^:/]+)$/.exec(text)?.[1] ?? 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function probeDefaults(probe: Json): Json {
  const timing = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
  return handlerDefaults(fill(probe, timing));
}

function handlerDefaults(handler: Json): Json {
  const http = within(handler, 'httpGet', filling({ path: '/', scheme: 'HTTP' }));
  return within(http, 'grpc', filling({ service: '' }));
}

const mode = filling({ defaultMode: 420 });

const withFieldVersions = (source: Json): Json =>
  each(source, 'items', (item) => within(item, 'fieldRef', filling({ apiVersion: 'v1' })));

function volumeDefaults(volume: Json): Json {
  let filled = Object.keys(volume).length === 1 ? { ...volume, emptyDir: {} } : volume;
  for (const field of ['configMap', 'secret', 'downwardAPI', 'projected'])
    filled = within(filled, field, mode);
  filled = within(filled, 'hostPath', filling({ type: '' }));
  filled = within(filled, 'downwardAPI', withFieldVersions);
  return within(filled, 'projected', (projected) =>
    each(projected, 'sources', (source) => {
      const token = within(source, 'serviceAccountToken', filling({ expirationSeconds: 3600 }));
      return within(token, 'downwardAPI', withFieldVersions);
    }),
  );
}

const templateDefaults = (template: Json): Json =>
  within(fill(template, { metadata: {} }), 'spec', podSpecDefaults);

export function deploymentDefaults(spec: Json): Json {
  const filled = fill(spec, {
    replicas: 1,
    strategy: { type: 'RollingUpdate' },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
  return within(within(filled, 'strategy', strategyDefaults), 'template', templateDefaults);
}

function strategyDefaults(strategy: Json): Json {
  const filled = fill(strategy, { type: 'RollingUpdate' });
  if (filled['type'] !== 'RollingUpdate') return filled;
  const withRolling = fill(filled, { rollingUpdate: {} });
  return within(withRolling, 'rollingUpdate', filling({ maxUnavailable: '25%', maxSurge: '25%' }));
}

export function daemonSetDefaults(spec: Json): Json {
  const filled = fill(spec, { updateStrategy: { type: 'RollingUpdate' }, revisionHistoryLimit: 10 });
  return within(within(filled, 'updateStrategy', updateDefaults), 'template', templateDefaults);
}

function updateDefaults(strategy: Json): Json {
  const filled = fill(strategy, { type: 'RollingUpdate' });
  if (filled['type'] !== 'RollingUpdate') return filled;
  const withRolling = fill(filled, { rollingUpdate: {} });
  return within(withRolling, 'rollingUpdate', filling({ maxUnavailable: 1, maxSurge: 0 }));
}

export function replicaSetDefaults(spec: Json): Json {
  return within(fill(spec, { replicas: 1 }), 'template', templateDefaults);
}

/** A pod of its own gets more than a template does. */
export function podDefaults(spec: Json): Json {
  const filled = each(
    fill(podSpecDefaults(spec), { enableServiceLinks: true }),
    'containers',
    requestsFromLimits,
  );
  return each(filled, 'initContainers', requestsFromLimits);
}

function requestsFromLimits(container: Json): Json {
  return within(container, 'resources', (resources) => {
    if (!isJson(resources['limits'])) return resources;
    const requests = fill(objectAt(resources, 'requests'), resources['limits']);
    return requests === resources['requests'] ? resources : { ...resources, requests };
  });
}

const behaviorPolicies = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  },
  scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
};

export function autoscalerDefaults(spec: Json): Json {
  const filled = fill(spec, {
    minReplicas: 1,
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
      },
    ],
  });
  return within(filled, 'behavior', (behavior) =>
    within(
      within(fill(behavior, { scaleUp: {}, scaleDown: {} }), 'scaleUp', filling(behaviorPolicies.scaleUp)),
      'scaleDown',
      filling(behaviorPolicies.scaleDown),
    ),
  );
}
