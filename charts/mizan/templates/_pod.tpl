{{- /* What every pod says of its security: (dict "root" $ "name" component), and a uid where it is not our image's. */}}
{{- define "mizan.podSecurity" -}}
automountServiceAccountToken: {{ eq .name "operator" }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .uid | default 65532 }}
  runAsGroup: {{ .uid | default 65532 }}
  fsGroup: {{ .uid | default 65532 }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "mizan.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* A container of our image, but for args, env and probes: (dict "root" $ "resources" …). */}}
{{- define "mizan.container" -}}
image: {{ include "mizan.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext: {{- include "mizan.containerSecurity" . | nindent 2 }}
resources: {{- toYaml .resources | nindent 2 }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: secrets, mountPath: /etc/mizan, readOnly: true}
{{- end }}

{{- /* A dict as a list of env, in order of names. */}}
{{- define "mizan.envList" -}}
{{- range $name, $value := . }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{- /*
The settings of a service, a line each: where it listens, whom it calls, where its files are. Given the same dict as
`mizan.object` gives, with service and services.
*/}}
{{- define "mizan.settings" -}}
{{- $root := .root }}
{{- $full := include "mizan.fullname" $root }}
{{- $prefix := printf "MIZAN_%s" (.name | upper | replace "-" "_") }}
{{- range $port, $number := .service.ports }}
{{ $prefix }}_{{ upper $port }}_ADDR: 0.0.0.0:{{ $number }}
{{- end }}
{{- range $called := .service.calls }}
{{- with get $.services $called }}
{{ $prefix }}_{{ upper $called | replace "-" "_" }}_URL: http://{{ $full }}-{{ $called }}:{{ .ports.grpc }}
{{- end }}
{{- end }}
{{- range .service.uses }}
{{- if eq . "postgres" }}
{{ $prefix }}_DATABASE_URL: {{ include "mizan.databaseUrl" (list $root $.name) }}
{{- else }}
{{ $prefix }}_{{ upper . }}_URL: {{ include "mizan.serverUrl" (list $root .) }}
{{- end }}
{{- end }}
{{- range $setting, $key := .service.keys }}
{{ $prefix }}_{{ $setting }}: /etc/mizan/keys/{{ $key }}
{{- end }}
{{- $hosts := $root.Values.hosts }}
{{- $sandbox := hasKey .services "sandbox" }}
{{- if eq .name "invoicing" }}
MIZAN_INVOICING_PORTAL_URL: {{ $hosts.portal | empty | ternary "http://localhost:8081" (printf "https://%s" $hosts.portal) }}
{{- else if eq .name "kiosk-relay" }}
{{- $device := printf "%s-kiosk-relay-http" $full }}
MIZAN_KIOSK_RELAY_CA_DIR: /etc/mizan/device-ca
MIZAN_KIOSK_RELAY_DEVICE_NAMES: localhost,127.0.0.1,{{ $device }},{{ $device }}.{{ $root.Release.Namespace }}.svc
{{- else if eq .name "wallet-adapter" }}
{{- $inside := printf "http://%s-wallet-adapter-http:%v" $full .service.ports.http }}
{{- $outside := index $hosts .name }}
MIZAN_WALLET_ADAPTER_PUBLIC_URL: {{ $outside | empty | ternary $inside (printf "https://%s" $outside) }}
{{- if $sandbox }}
MIZAN_WALLET_ADAPTER_BENEFIT_PAY_URL: http://{{ $full }}-sandbox:{{ .services.sandbox.ports.http }}
{{- end }}
{{- else if and (eq .name "notifications") $sandbox }}
MIZAN_NOTIFICATIONS_SMTP_URL: smtp://{{ $full }}-sandbox:{{ .services.sandbox.ports.smtp }}
MIZAN_NOTIFICATIONS_WEBHOOK_ALLOW_PRIVATE: 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16
{{- else if eq .name "sandbox" }}
MIZAN_SANDBOX_DATA_DIR: /tmp/sandbox
MIZAN_SANDBOX_PUBLIC_URL: http://localhost:{{ .service.ports.http }}
{{- end }}
MIZAN_DRAIN_MS: {{ $root.Values.drainMs }}
{{- if $root.Values.tls.enabled }}
MIZAN_TLS_DIR: /etc/mizan/tls
MIZAN_TLS_CALLERS: {{ include "mizan.callers" (list $root .services .name) | quote }}
{{- end }}
{{- end }}

{{- /* Settings that every command of the binary has. */}}
{{- define "mizan.commonSettings" -}}
MIZAN_LOG_LINES: {{ .Values.log.lines }}
{{- with .Values.log.filter }}
MIZAN_LOG: {{ quote . }}
{{- end }}
{{- with .Values.otlpEndpoint }}
MIZAN_OTLP_ENDPOINT: {{ . }}
{{- end }}
{{- end }}

{{- /*
Volumes: /tmp, and under /etc/mizan only the secrets that are needed:
(dict "root" $ "databases" (list services) "uses" (list servers) "keys" (list keys) "name" service).
*/}}
{{- define "mizan.volumes" -}}
{{- $root := .root -}}
- name: tmp
  emptyDir: {}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
{{- range .databases }}
      - secret:
          name: {{ include "mizan.secret" (list $root "postgres" .) }}
          items: [{key: {{ $root.Values.secrets.postgres.key | replace "{service}" . }}, path: postgres/{{ . }}}]
{{- end }}
{{- if and .databases $root.Values.postgres.caSecret }}
      - secret:
          name: {{ $root.Values.postgres.caSecret }}
          items: [{key: ca.crt, path: postgres/ca.crt}]
{{- end }}
{{- range $kind := list "nats" "redis" }}
{{- $secret := index $root.Values.secrets $kind }}
{{- if and (has $kind ($.uses | default list)) (or $secret.existingSecret (index $root.Values $kind "bundled")) }}
      - secret:
          name: {{ include "mizan.secret" (list $root $kind "") }}
          items: [{key: {{ $secret.key }}, path: {{ $kind }}/password}]
{{- end }}
{{- end }}
{{- with .keys }}
      - secret:
          name: {{ include "mizan.secret" (list $root "keys" "") }}
          items:
{{- range . }}
            - {key: {{ . }}, path: keys/{{ . }}}
{{- end }}
{{- end }}
{{- if eq .name "kiosk-relay" }}
      - secret:
          name: {{ include "mizan.secret" (list $root "deviceCa" "") }}
          items:
{{- range list "ca.key" "ca.pem" "bills.key" }}
            - {key: {{ . }}, path: device-ca/{{ . }}}
{{- end }}
{{- end }}
{{- if and (eq .name "notifications") $root.Values.secrets.smtp.existingSecret }}
      - secret:
          name: {{ $root.Values.secrets.smtp.existingSecret }}
          items: [{key: {{ $root.Values.secrets.smtp.key }}, path: smtp/password}]
{{- end }}
{{- if and $root.Values.tls.enabled (ne .name "migrate") }}
      - secret:
          name: {{ include "mizan.tlsSecret" (list $root .name) }}
          items:
{{- range list "tls.crt" "tls.key" "ca.crt" }}
            - {key: {{ . }}, path: tls/{{ . }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "mizan.tlsSecret" -}}
{{- $root := index . 0 }}
{{- $prefix := $root.Values.tls.existingSecretPrefix | default (printf "%s-tls-" (include "mizan.fullname" $root)) -}}
{{ $prefix }}{{ index . 1 }}
{{- end }}
