{{/* Names and labels that several templates use. */}}

{{- define "serin.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "serin.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "serin.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "serin.selectorLabels" -}}
app.kubernetes.io/name: {{ include "serin.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "serin.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "serin.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "serin.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "serin.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Where the lease is: where one namespace is watched, in that one, as the controller has it. */}}
{{- define "serin.leaseNamespace" -}}
{{- if or (not .Values.namespace) (contains "," .Values.namespace) -}}
{{- .Values.leaderElection.namespace | default .Release.Namespace -}}
{{- else -}}
{{- .Values.namespace -}}
{{- end -}}
{{- end -}}

{{/* Of the objects about commands; cluster-scoped, and one set for each release. */}}
{{- define "serin.commandsName" -}}
{{- printf "%s-%s-commands" (include "serin.fullname" .) .Release.Namespace -}}
{{- end -}}

{{/* One team's controller must not collide with another's of the same release name. */}}
{{- define "serin.clusterRoleName" -}}
{{- include "serin.fullname" . -}}
{{- if .Values.namespace -}}-{{ .Release.Namespace }}{{- end -}}
{{- end -}}
