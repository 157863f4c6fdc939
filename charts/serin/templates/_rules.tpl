{{/*
What the controller does in the namespaces it watches, and nothing more. It changes objects by patches alone, and deletes
only what it stored itself; the rest goes with its owner. Secrets are read and written by name, never listed or watched.
Kinds that are not installed in a cluster may be named here all the same.
*/}}
{{- define "serin.rules" -}}
- apiGroups: [flagger.app]
  resources: [canaries]
  verbs: [get, list, watch, patch]
- apiGroups: [flagger.app]
  resources: [canaries/status]
  verbs: [patch]
# Owner references that block the deletion of their owner.
- apiGroups: [flagger.app]
  resources: [canaries/finalizers]
  verbs: [update]
- apiGroups: [flagger.app]
  resources: [metrictemplates]
  verbs: [get, list, watch]
# Created only with dry run, to see whether the cluster stamps the author of a command.
- apiGroups: [serin.dev]
  resources: [canarycommands]
  verbs: [get, list, watch, create, delete]
- apiGroups: [serin.dev]
  resources: [canarycommands/status]
  verbs: [patch]
# Deleted: the pods of the revision before, when probation is over.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [daemonsets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get, list, watch, create, delete]
- apiGroups: ['']
  resources: [services]
  verbs: [get, list, watch, create, patch]
{{- if .Values.configTracking.enabled }}
- apiGroups: ['']
  resources: [configmaps]
  verbs: [get, list, watch, create, delete]
- apiGroups: ['']
  resources: [secrets]
  verbs: [get, create, delete]
{{- else }}
# Credentials of metric providers.
- apiGroups: ['']
  resources: [secrets]
  verbs: [get]
{{- end }}
- apiGroups: ['']
  resources: [events]
  verbs: [create, patch]
# One that a Canary names no more is deleted; the user's own ScaledObjects are paused by a patch.
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [get, list, watch, create, patch, delete]
# Targets of the user's, which are never created.
- apiGroups: [serving.knative.dev]
  resources: [services]
  verbs: [get, list, watch, patch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes, grpcroutes, tlsroutes, tcproutes, udproutes]
  verbs: [get, list, watch, create, patch]
# Whether the gateways of a route are there, and of which class.
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways]
  verbs: [get, list, watch]
- apiGroups: [projectcontour.io]
  resources: [httpproxies]
  verbs: [get, list, watch, create, patch]
- apiGroups: [networking.istio.io]
  resources: [virtualservices, destinationrules]
  verbs: [get, list, watch, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch, create, patch]
- apiGroups: [traefik.io]
  resources: [traefikservices, ingressroutes]
  verbs: [get, list, watch, create, patch]
- apiGroups: [split.smi-spec.io]
  resources: [trafficsplits]
  verbs: [get, list, watch, create, patch]
- apiGroups: [gateway.solo.io]
  resources: [routetables]
  verbs: [get, list, watch, create, patch]
- apiGroups: [gloo.solo.io]
  resources: [upstreams]
  verbs: [get, list, watch, create, patch]
- apiGroups: [kuma.io]
  resources: [meshhttproutes]
  verbs: [get, list, watch, create, patch]
- apiGroups: [appmesh.k8s.aws]
  resources: [virtualnodes, virtualrouters, virtualservices]
  verbs: [get, list, watch, create, patch]
- apiGroups: [apisix.apache.org]
  resources: [apisixroutes]
  verbs: [get, list, watch, create, patch]
- apiGroups: [k8s.nginx.org]
  resources: [virtualservers]
  verbs: [get, list, watch, create, patch]
# Routes are the user's own, and are never created.
- apiGroups: [route.openshift.io]
  resources: [routes]
  verbs: [get, list, watch, patch]
{{- end -}}

{{/*
Which kinds the cluster serves, whether it keeps the fields of our status, and what its gateways can do. And routes that are in
no namespace: they have no owner to go with, so they are deleted.
*/}}
{{- define "serin.clusterRules" -}}
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses]
  verbs: [get, list, watch]
- apiGroups: [kuma.io]
  resources: [trafficroutes]
  verbs: [get, list, watch, create, patch, delete]
{{- end -}}

{{- define "serin.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update]
{{- end -}}

{{- define "serin.subjects" -}}
- kind: ServiceAccount
  name: {{ include "serin.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
