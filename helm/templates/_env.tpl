{{/* The process's environment: what the chart itself decides, then the settings, then the secrets. */}}
{{- define "hawser.env" -}}
{{- $config := .Values.config -}}
- name: HAWSER_ROLES
  value: {{ join "," $config.roles | quote }}
- name: HAWSER_PUBLIC_ADDR
  value: ":{{ .Values.ports.public }}"
- name: HAWSER_INTERNAL_ADDR
  value: ":{{ .Values.ports.internal }}"
- name: HAWSER_ARTIFACT_ADDR
  value: ":{{ .Values.ports.artifacts }}"
- name: HAWSER_DATA_DIR
  value: /data
{{- if contains "$(POD_IP)" (include "hawser.artifactUrl" .) }}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{- end }}
- name: HAWSER_ARTIFACT_URL
  value: {{ include "hawser.artifactUrl" . | quote }}
{{- with $config.namespace }}
- name: HAWSER_NAMESPACE
  value: {{ . | quote }}
{{- end }}
{{- with $config.externalUrl }}
- name: HAWSER_EXTERNAL_URL
  value: {{ . | quote }}
{{- end }}
{{- with $config.concurrency }}
- name: HAWSER_CONCURRENCY
  value: {{ . | toString | quote }}
{{- end }}
{{- with $config.logLevel }}
- name: HAWSER_LOG_LEVEL
  value: {{ . | quote }}
{{- end }}
{{- with $config.githubApiUrl }}
- name: HAWSER_GITHUB_API_URL
  value: {{ . | quote }}
{{- end }}
{{- with $config.gitlabApiUrl }}
- name: HAWSER_GITLAB_API_URL
  value: {{ . | quote }}
{{- end }}
{{- with $config.giteaApiUrl }}
- name: HAWSER_GITEA_API_URL
  value: {{ . | quote }}
{{- end }}
{{- with $config.bitbucketApiUrl }}
- name: HAWSER_BITBUCKET_API_URL
  value: {{ . | quote }}
{{- end }}
{{- with $config.azureDevopsApiUrl }}
- name: HAWSER_AZURE_DEVOPS_API_URL
  value: {{ . | quote }}
{{- end }}
{{- with $config.eventsAddr }}
- name: HAWSER_EVENTS_ADDR
  value: {{ . | quote }}
{{- end }}
{{- if not $config.strictSubstitution }}
- name: HAWSER_STRICT_SUBSTITUTION
  value: "false"
{{- end }}
{{- with .Values.tenancy.defaultServiceAccount }}
- name: HAWSER_DEFAULT_SERVICE_ACCOUNT
  value: {{ . | quote }}
{{- end }}
{{- if .Values.tenancy.noCrossNamespaceRefs }}
- name: HAWSER_NO_CROSS_NAMESPACE_REFS
  value: "true"
{{- end }}
- name: GITHUB_WEBHOOK_SECRET
  {{- include "hawser.secretKey" (list $ "githubWebhookSecret" true) | nindent 2 }}
- name: GITLAB_WEBHOOK_TOKEN
  {{- include "hawser.secretKey" (list $ "gitlabWebhookToken" true) | nindent 2 }}
- name: GITLAB_WEBHOOK_SIGNING_TOKEN
  {{- include "hawser.secretKey" (list $ "gitlabWebhookSigningToken" true) | nindent 2 }}
- name: GITEA_WEBHOOK_SECRET
  {{- include "hawser.secretKey" (list $ "giteaWebhookSecret" true) | nindent 2 }}
- name: BITBUCKET_WEBHOOK_SECRET
  {{- include "hawser.secretKey" (list $ "bitbucketWebhookSecret" true) | nindent 2 }}
- name: AZURE_DEVOPS_WEBHOOK_TOKEN
  {{- include "hawser.secretKey" (list $ "azureDevopsWebhookToken" true) | nindent 2 }}
- name: HAWSER_WEBHOOK_SECRET
  {{- include "hawser.secretKey" (list $ "webhookSecret" true) | nindent 2 }}
- name: HAWSER_TRIGGER_TOKEN
  {{- include "hawser.secretKey" (list $ "triggerToken" true) | nindent 2 }}
- name: GITHUB_TOKEN
  {{- include "hawser.secretKey" (list $ "githubToken" true) | nindent 2 }}
- name: GITLAB_TOKEN
  {{- include "hawser.secretKey" (list $ "gitlabToken" true) | nindent 2 }}
- name: GITEA_TOKEN
  {{- include "hawser.secretKey" (list $ "giteaToken" true) | nindent 2 }}
- name: BITBUCKET_TOKEN
  {{- include "hawser.secretKey" (list $ "bitbucketToken" true) | nindent 2 }}
- name: AZURE_DEVOPS_TOKEN
  {{- include "hawser.secretKey" (list $ "azureDevopsToken" true) | nindent 2 }}
{{- if .Values.redis.external }}
- name: REDIS_URL
  {{- include "hawser.secretKey" (list $ "redisUrl" false) | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A variable's value from the Secret: root, key name in the values, whether it may be absent. */}}
{{- define "hawser.secretKey" -}}
{{- $secret := (index . 0).Values.secret -}}
valueFrom:
  secretKeyRef:
    name: {{ $secret.name }}
    key: {{ index $secret.keys (index . 1) }}
    optional: {{ index . 2 }}
{{- end -}}
