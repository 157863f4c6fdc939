// The Node objects of the pretend node.
// Not here: heartbeats; the controller that would miss them is switched off (control-plane.ts).
// May import kube.ts.
import type { Kube } from '../kube.ts';

/** Registers ready nodes with room for everything, and takes off the taint that admission puts on new ones. */
export async function registerNodes(kube: Kube, names: readonly string[]): Promise<void> {
  const room = { cpu: '64', memory: '256Gi', pods: '500', 'ephemeral-storage': '500Gi' };
  for (const name of names) {
    const labels = {
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
    };
    await kube.apply([{ apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: {} }]);
    const target = { kind: 'v1/Node', name };
    const now = new Date().toISOString();
    const condition = {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    };
    const status = { capacity: room, allocatable: room, conditions: [condition], nodeInfo };
    await kube.patch(target, { status }, { subresource: 'status' });
    await kube.patch(target, { spec: { taints: null } });
  }
}

const nodeInfo = {
  kubeletVersion: 'v1.36.3',
  containerRuntimeVersion: 'pretend://1',
  operatingSystem: 'linux',
  architecture: 'amd64',
  osImage: 'none',
  kernelVersion: 'none',
  machineID: '',
  systemUUID: '',
  bootID: '',
  kubeProxyVersion: '',
};
