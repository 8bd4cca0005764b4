{{/* The release's full name: what every object is called. */}}
{{- define "hawser.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that find the Pods; a Deployment's selector cannot change, so neither may these. */}}
{{- define "hawser.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of every object; Flux's command line finds a controller by part-of. */}}
{{- define "hawser.labels" -}}
{{ include "hawser.selectorLabels" . }}
app.kubernetes.io/component: hawser
app.kubernetes.io/part-of: flux
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "hawser.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "hawser.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "hawser.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{/* Artifacts lie on the disk of the process that made them: with several, each must name itself. */}}
{{- define "hawser.artifactUrl" -}}
{{- if .Values.config.artifactUrl -}}
{{- .Values.config.artifactUrl -}}
{{- else if gt (int .Values.replicas) 1 -}}
{{- printf "http://$(POD_IP):%d" (int .Values.ports.artifacts) -}}
{{- else -}}
{{- printf "http://%s-artifacts.%s.svc.cluster.local." (include "hawser.fullname" .) .Release.Namespace -}}
{{- end -}}
{{- end -}}

{{/* Refuses combinations that would lose work or start and never run. */}}
{{- define "hawser.validate" -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.redis.external) -}}
{{- fail "replicas is more than 1, but every process would run a Redis of its own: set redis.external=true and put REDIS_URL into the Secret" -}}
{{- end -}}
{{- if and (not (has "worker" .Values.config.roles)) (not .Values.redis.external) -}}
{{- fail "config.roles has no worker, so the process needs a Redis that a worker reads too: set redis.external=true and put REDIS_URL into the Secret" -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) .Values.persistence.enabled -}}
{{- fail "replicas is more than 1, but a data directory has one owner: set persistence.enabled=false (it is only a cache with an external Redis)" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled needs ingress.host" -}}
{{- end -}}
{{- end -}}
