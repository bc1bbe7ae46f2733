{{- /* <release>-mizan, or the release's name where it already says mizan. */}}
{{- define "mizan.fullname" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name }}
{{- $full := contains $chart .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $chart) }}
{{- .Values.fullnameOverride | default $full | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- /* Selects the pods of a component: (list $ component). */}}
{{- define "mizan.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Values.nameOverride | default $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "mizan.labels" -}}
{{- $root := index . 0 -}}
{{ include "mizan.selector" . }}
app.kubernetes.io/part-of: mizan
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- /*
One object of the release, named <fullname>-<name><suffix>. `body` names the template that writes what this kind has of its own;
it is given the same dict: root, kind, api, body, name, and what the body needs.
*/}}
{{- define "mizan.object" -}}
{{- $short := printf "%s%s" .name (.suffix | default "") }}
{{- $object := include .body . | fromYaml }}
{{- with $object.Error }}{{ fail (printf "%s/%s: %s" $.kind $short .) }}{{ end }}
{{- $labels := include "mizan.labels" (list .root .name) | fromYaml }}
{{- $metadata := dict "name" (printf "%s-%s" (include "mizan.fullname" .root) $short) "namespace" .root.Release.Namespace "labels" $labels }}
{{- $object = merge $object (dict "apiVersion" .api "kind" .kind "metadata" $metadata) }}
{{- $object = mergeOverwrite $object (get .root.Values.merge (printf "%s/%s" .kind $short) | default dict | deepCopy) }}
---
{{ toYaml $object }}
{{ end }}

{{- /*
The enabled services: defaults, what values say, and the facts of files/services.yaml; they call only each other. Behind the fence
nothing runs that calls the world, and nobody may: who calls them hears that they are away, and asks again.
*/}}
{{- define "mizan.services" -}}
{{- $facts := .Files.Get "files/services.yaml" | fromYaml }}
{{- range $name, $set := .Values.services }}
{{- $service := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy $set) (get $facts $name) }}
{{- if and $.Values.networkPolicy.egressFence $service.world }}
{{- $service = mergeOverwrite $service (dict "replicas" 0 "autoscaling" (dict "enabled" false) "world" false "fenced" true) }}
{{- end }}
{{- if $service.enabled }}
{{ dict $name $service | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Is there a simulated world? */}}
{{- define "mizan.sandbox" -}}
{{- if (mergeOverwrite (deepCopy .Values.defaults) (deepCopy .Values.services.sandbox)).enabled }}true{{ end }}
{{- end }}

{{- define "mizan.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* Where a server is: (list $ "postgres"). */}}
{{- define "mizan.host" -}}
{{- $server := index (index . 0).Values (index . 1) }}
{{- $server.bundled | ternary (printf "%s-%s" (include "mizan.fullname" (index . 0)) (index . 1)) $server.host }}
{{- end }}

{{- /* The name of a Secret: (list $ "keys" service). */}}
{{- define "mizan.secret" -}}
{{- $root := index . 0 }}
{{- $made := printf "%s-%s" (include "mizan.fullname" $root) (kebabcase (index . 1)) }}
{{- index $root.Values.secrets (index . 1) "existingSecret" | default $made | replace "{service}" (index . 2) }}
{{- end }}

{{- /* The URL of a service's database: (list $ service). The password is in a file. */}}
{{- define "mizan.databaseUrl" -}}
{{- $root := index . 0 }}
{{- $snake := index . 1 | replace "-" "_" }}
{{- with $root.Values.postgres -}}
postgres://{{ .user | replace "{service}" $snake }}@{{ include "mizan.host" (list $root "postgres") }}:{{ .port }}/
{{- .database | replace "{service}" $snake }}?password_file=/etc/mizan/postgres/{{ index $ 1 }}
{{- if .caSecret }}&sslmode=verify-full&sslrootcert=/etc/mizan/postgres/ca.crt{{ end }}
{{- if .parameters }}&{{ .parameters }}{{ end }}
{{- end }}
{{- end }}

{{- /* The URL of NATS or Redis: (list $ "nats"). */}}
{{- define "mizan.serverUrl" -}}
{{- $root := index . 0 }}
{{- $kind := index . 1 }}
{{- $server := index $root.Values $kind }}
{{- $secret := or $server.bundled (index $root.Values.secrets $kind "existingSecret") -}}
{{ $server.scheme }}://{{ if $secret }}{{ $server.user }}@{{ end }}{{ include "mizan.host" . }}:{{ $server.port }}
{{- if eq $kind "redis" }}/{{ $server.database }}{{ end }}
{{- if $secret }}?password_file=/etc/mizan/{{ $kind }}/password{{ end }}
{{- end }}

{{- /* Who calls and is no service, with its facts: the pod of `helm test`, and the `tls.extraCallers`, which call every service. */}}
{{- define "mizan.guests" -}}
{{- $facts := .Files.Get "files/services.yaml" | fromYaml }}
{{- $answering := list }}
{{- range $name, $fact := $facts }}
{{- if hasKey ($fact.ports | default dict) "grpc" }}{{ $answering = append $answering $name }}{{ end }}
{{- end }}
{{- if include "mizan.sandbox" . }}
{{ pick $facts "selftest" | toYaml }}
{{- end }}
{{- range .Values.tls.extraCallers }}
{{ dict . (dict "calls" $answering) | toYaml }}
{{- end }}
{{- end }}

{{- /* Who may call a service, joined by commas: (list $ services name). */}}
{{- define "mizan.callers" -}}
{{- $callers := list }}
{{- range $other, $service := merge (include "mizan.guests" (index . 0) | fromYaml) (index . 1) }}
{{- if has (index $ 2) ($service.calls | default list) }}{{ $callers = append $callers $other }}{{ end }}
{{- end }}
{{- join "," $callers }}
{{- end }}

{{- /* The setting that names a service's database, also for `mizan migrate`: (list $ name service). */}}
{{- define "mizan.databaseSetting" -}}
{{- $setting := printf "MIZAN_%s_DATABASE_URL" (index . 1 | upper | replace "-" "_") -}}
{{ $setting }}: {{ get (index . 2).env $setting | default (include "mizan.databaseUrl" (list (index . 0) (index . 1))) | quote }}
{{- end }}
