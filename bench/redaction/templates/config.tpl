=== etc/ledgerly/settings.yaml | yaml | 3
# Ledgerly settings, see https://«?docs.ledgerly.io»/settings
«=environment: production»
server:
  listen: 0.0.0.0:8443
  «=workers: 8»
  «=max_tokens: 4096»
database:
  engine: postgresql
  host: «i:host:db1»
  port: 5432
  user: ledgerly_rw
  password: «s:config:pw@@appdb»
  «=password_encryption: scram-sha-256»
  pool:
    «=size: 20»
    «=pre_ping: true»
cache:
  url: "redis://:«s:url:pw@@redis»@«i:host:cache1»:6379/0"
smtp:
  host: «i:host:mx1»
  from: «i:mail:noreply»
  username: «i:mail:noreply»
  password: '«s:config:odd»'
  «=starttls: required»
session:
  secret_key: «s:config:b32»
  «=cookie_name: ledgerly_session»
  «=token_ttl: 3600»
oauth:
  github:
    «=client_id: Iv1.8a61f9b3a7aba766»
    client_secret: «s:config:hex40»
    «=token_url: https://github.com/login/oauth/access_token»
audit:
  «=secret_scanning: enabled»
  checksum: «b:digest»
=== etc/ledgerly/settings.d/10-storage.yaml | yaml | 2
storage:
  kind: s3
  bucket: ledgerly-attachments
  «=region: eu-central-1»
  accessKeyId: «?AKIA4EXAMPLE7Q2ZB3MN»
  secretAccessKey: «s:config:awskey»
  «=keyPrefix: attachments/»
  sse:
    «=keyId: alias/ledgerly-data»
    customerKey: «s:config:b32»
tokens:
  # one per integration
  - name: billing
    token: «s:config:stripe»
  - name: crm
    token: «s:config:hex32»
    «=token_type: bearer»
  - name: chat
    token: «s:config:slack»
signing:
  privateKey: |
    «s:key:rsa|indent4»
  publicKey: |
    «b:pub|indent4»
encryptionKeys:
  - «s:config:b32»
  - «s:config:b32»
«=primaryKeyColumn: id»
=== srv/k8s/secret.yaml | yaml | 3
apiVersion: v1
kind: Secret
metadata:
  name: «=ledgerly-db-credentials»
  namespace: billing
  uid: «b:uuid»
type: Opaque
data:
  username: «?bGVkZ2VybHlfcnc=»
  password: «s:config:pw@@appdb|b64»
  tls.key: «s:key:ec|b64»
  session-key: «s:config:b32|b64»
stringData:
  DATABASE_URL: postgres://ledgerly_rw:«s:url:pw»@«i:host:db1»:5432/ledgerly
  api-token: «s:config:b32url»
=== srv/k8s/deployment.yaml | yaml | 2
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ledgerly-web
  annotations:
    checksum/secret: «b:sha256»
spec:
  replicas: 3
  template:
    spec:
      «=serviceAccountName: ledgerly-web»
      «=automountServiceAccountToken: false»
      containers:
        - name: web
          image: «?registry.ledgerly.io»/web@«b:digest»
          env:
            - name: DB_PASSWORD
              valueFrom:
                secretKeyRef:
                  «=name: ledgerly-db-credentials»
                  «=key: password»
            - name: STRIPE_API_KEY
              value: «s:config:stripe»
            - name: LOG_LEVEL
              «=value: info»
            - name: SMTP_PASSWORD
              value: "«s:config:odd»"
            - name: TOKEN_BUCKET_SIZE
              «=value: "250"»
      imagePullSecrets:
        «=- name: regcred»
=== etc/docker/config.json | json | 2
{
  "auths": {
    "«?registry.ledgerly.io»": {
      "auth": "«s:config:pw|userb64:deploy»"
    },
    "ghcr.io": {
      "auth": "«s:config:github|userb64:ci-bot»",
      "email": "«i:mail:cibot»"
    }
  },
  «="credsStore": "pass"»,
  "HttpHeaders": {
    "User-Agent": "Docker-Client/24.0.5 (linux)"
  }
}
=== etc/ledgerly/gcp-service-account.json | json | 2
{
  "type": "service_account",
  "project_id": "ledgerly-prod",
  "private_key_id": "«n:sha40»",
  "private_key": "«s:key:pkcs8|nl»\n",
  "client_email": "ledgerly@ledgerly-prod.iam.gserviceaccount.com",
  «="client_id": "104857600000000000001"»,
  «="auth_uri": "https://accounts.google.com/o/oauth2/auth"»,
  «="token_uri": "https://oauth2.googleapis.com/token"»
}
=== opt/ledgerly/app/appsettings.Production.json | json | 3
{
  "ConnectionStrings": {
    "Default": "Server=«i:host:db2»,1433;Database=ledger;User Id=ledger_svc;Password=«s:url:pw»;Encrypt=True",
    "Queue": "Endpoint=sb://ledgerly.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=«s:url:b32»"
  },
  "Jwt": {
    «?"Issuer": "https://id.ledgerly.io"»,
    "SigningKey": "«s:config:b64»",
    «="TokenLifetimeMinutes": 30»
  },
  "Passwords": {
    «="MinimumLength": 12»,
    «="RequireDigit": true»
  },
  "Mail": { "Host": "«i:host:mx1»", "Password": "«s:config:odd|json»", "Port": 587 },
  "FeatureFlags": { «="PasswordlessLogin": true», «="SecretRotation": "weekly"» },
  "Build": { "Commit": "«b:sha40»", "Image": "«b:digest»" },
  "ApiKeys": ["«s:config:hex32»", "«s:config:b32url»"]
}
=== opt/ledgerly/terraform/terraform.tfstate | json | 2
{
  "version": 4,
  "serial": 118,
  "lineage": "«b:uuid»",
  "outputs": {
    "db_endpoint": { "value": "«i:host:db2»:5432", "type": "string" },
    "db_password": { "value": "«s:config:pw@tf»", "type": "string", "sensitive": true }
  },
  "resources": [
    {
      "type": "aws_db_instance",
      "instances": [ { "attributes": {
        "engine_version": "15.4",
        "password": "«s:config:pw@tf»",
        «="password_wo_version": null»,
        "master_user_secret_kms_key_id": null,
        "username": "ledgerly_rw"
      } } ]
    },
    {
      "type": "tls_private_key",
      "instances": [ { "attributes": {
        «="algorithm": "ECDSA"»,
        "private_key_pem": "«s:key:ec|nl»\n",
        "public_key_fingerprint_sha256": "«b:fingerprint»"
      } } ]
    }
  ]
}
=== etc/ledgerly/app.toml | toml | 3
# Written by the installer on «=2026-03-04»
title = "Ledgerly"
«=version = "4.2.0"»

[database]
dsn = "postgresql://ledgerly_rw:«s:url:pw»@«i:host:db1»/ledgerly?sslmode=verify-full"
«=statement_timeout = "30s"»
«=password_hash_rounds = 12»

[auth]
secret_key = "«s:config:hex64»"
«=algorithm = "HS256"»
«=access_token_expire_minutes = 60»
admin_email = "«i:mail:admin»"
admin_password_hash = "«s:hash:argon»"

[integrations.payments]
api_key = '«s:config:stripe»'
webhook_secret = '«s:config:stripehook»'
«=webhook_path = "/hooks/payments"»

[integrations.mail]
api_token = """«s:config:sendgrid»"""

[[peers]]
name = "norrby"
shared_secret = "«s:config:words»"
address = "«i:ip4:peer1»"

[[peers]]
name = "calder"
shared_secret = "«s:config:pw»"
address = "«i:ip6:peer2»"
=== etc/mosaic/mosaic.xml | xml | 2
<?xml version="1.0" encoding="UTF-8"?>
<configuration xmlns="http://mosaic.example.org/ns/1.0">
  <!-- connection to the warehouse -->
  <datasource name="warehouse" «=maxActive="40"»>
    <url>jdbc:oracle:thin:warehouse/«s:url:pw»@«i:host:db2»:1521/WH</url>
    <username>mosaic</username>
    <password>«s:config:odd|xml»</password>
    «=<passwordEncoder>none</passwordEncoder>»
  </datasource>
  <property name="mail.smtp.password" value="«s:config:pw»"/>
  <property name="mail.smtp.host" value="«i:host:mx1»"/>
  <property «=name="session.token.header" value="X-Mosaic-Token"»/>
  <keystore «=path="/etc/mosaic/keystore.p12"» password="«s:config:pw»" «=type="PKCS12"»/>
  <users>
    <user name="«i:user:op1»" password="«s:hash:bcrypt»" roles="admin,report"/>
    <user name="«i:user:op2»" password="«s:hash:bcrypt»" roles="report"/>
  </users>
  <license><key>«s:config:hex32»</key><edition>enterprise</edition></license>
</configuration>
=== etc/tomcat/server.xml | xml | 2
<Server port="8005" shutdown="SHUTDOWN">
  <Service name="Catalina">
    <Connector port="8443" «=protocol="org.apache.coyote.http11.Http11NioProtocol"» SSLEnabled="true">
      <SSLHostConfig>
        <Certificate certificateKeystoreFile="conf/keystore.jks" certificateKeystorePassword="«s:config:pw»" «=type="RSA"»/>
      </SSLHostConfig>
    </Connector>
    <Engine name="Catalina" defaultHost="localhost">
      <Realm className="org.apache.catalina.realm.JNDIRealm" connectionURL="ldap://«i:host:ldap1»:389" connectionName="cn=tomcat,dc=norrby" connectionPassword="«s:config:pw»" «=userPattern="uid={0},ou=people"»/>
    </Engine>
  </Service>
</Server>
=== etc/grafana/grafana.ini | ini | 2
[paths]
«=data = /var/lib/grafana»
[server]
«=protocol = https»
domain = «i:host:mon1»
«=cert_key = /etc/grafana/tls/key.pem»
[database]
type = postgres
host = «i:host:db1»:5432
user = grafana
password = """«s:config:odd»"""
«=ssl_mode = require»
[security]
admin_user = admin
admin_password = «s:config:pw»
secret_key = «s:config:pw»
«=disable_gravatar = true»
«=cookie_secure = true»
;admin_password =
[auth.generic_oauth]
«=client_id = grafana»
client_secret = «s:config:hex32»
«?token_url = https://id.norrby-steel.com/token»
[smtp]
;password =
password = `«s:config:pw»`
«=skip_verify = false»
=== etc/supervisor/supervisord.conf | ini | 2
[unix_http_server]
«=file=/run/supervisor.sock»
username=supervisor
password={SHA}«s:hash:hex40»
[supervisord]
«=logfile=/var/log/supervisor/supervisord.log»
environment=DB_PASSWORD="«s:env:pw»",«=LANG="C.UTF-8"»,SENTRY_DSN="https://«s:url:hex32»@o450.ingest.sentry.io/12"
[program:worker]
command=/opt/ledgerly/bin/worker --broker amqp://worker:«s:url:pw»@«i:host:queue1»:5672//
«=autorestart=true»
=== etc/nginx/sites-enabled/ledgerly.conf | nginx | 2
upstream ledgerly {
    server «i:ip4:app1»:8000;
    server «i:ip4:app2»:8000 «=backup»;
}
server {
    listen 443 ssl;
    server_name «i:host:edge1»;
    «=ssl_certificate /etc/ledgerly/tls/current/cert.pem;»
    «=ssl_certificate_key /etc/ledgerly/tls/current/key.pem;»
    «=auth_basic_user_file /etc/nginx/htpasswd;»
    location /api/ {
        proxy_set_header Authorization "Bearer «s:header:b32url»";
        proxy_set_header X-Api-Key «s:header:hex32»;
        «=proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;»
        proxy_pass http://ledgerly;
    }
    location /internal/ {
        if ($http_x_internal_token != "«s:config:pw»") { return 403; }
        secure_link_md5 "$secure_link_expires$uri «s:config:pw»";
    }
}
=== etc/postgresql/15/main/postgresql.conf | conf | 2
«=listen_addresses = '*'»
«=password_encryption = scram-sha-256»	# scram-sha-256 or md5
«=ssl_key_file = '/etc/ssl/private/ssl-cert-snakeoil.key'»
primary_conninfo = 'host=«i:ip4:db1» port=5432 user=replicator password=«s:url:pw» application_name=standby1'
ssl_passphrase_command = 'echo «s:command:pw»'
archive_command = 'AWS_SECRET_ACCESS_KEY=«s:command:awskey» wal-g wal-push %p'
«=shared_buffers = 2GB»
=== etc/haproxy/haproxy.cfg | haproxy | 2
global
    «=stats socket /run/haproxy/admin.sock mode 660»
userlist operators
    user «i:user:op1» password «s:hash:sha512crypt»
    user «i:user:op2» insecure-password «s:config:pw»
frontend www
    bind :443 ssl crt /etc/haproxy/certs/
    http-request set-header X-Origin-Secret «s:header:b32url»
    «=option httplog»
backend app
    «=cookie SRV insert indirect nocache»
    server app1 «i:ip4:app1»:8080 check
    server app2 «i:ip4:app2»:8080 check
listen stats
    stats auth admin:«s:config:pw»
=== etc/redis/redis.conf | redis | 2
bind 127.0.0.1 ::1
«=port 6379»
«=# requirepass foobared»
requirepass «s:positional:pw@@redis»
masterauth «s:positional:pw»
masteruser replica
user worker on >«s:positional:pw» «=~jobs:* +@all»
«=user default off»
«=save 900 1»
rename-command CONFIG «s:positional:hex32»
=== etc/mosaic/logback.properties | properties | 2
# Mosaic runtime
«=mosaic.threads=16»
mosaic.db.url=jdbc:mysql://«i:host:db2»:3306/mosaic?user=mosaic&password=«s:url:pw»&useSSL=true
mosaic.db.password=«s:config:pw»
«=mosaic.db.password.policy=strict»
«=mosaic.token.count=17»
mosaic.jwt.secret=«s:config:b64»
mosaic.crypto.master-key = «s:config:hex64»
mosaic.admin.password:«s:config:odd»
«=mosaic.keystore.path=/etc/mosaic/keystore.p12»
mosaic.keystore.pass=«s:config:pw»
«=mosaic.cache.key.prefix=mosaic:»
spring.datasource.hikari.password=«s:config:phrase»
«=spring.security.oauth2.client.registration.idp.client-id=mosaic»
spring.security.oauth2.client.registration.idp.client-secret=«s:config:uuid»
=== etc/keepalived/keepalived.conf | keepalived | 2
vrrp_instance VI_1 {
    «=interface ens3»
    «=virtual_router_id 51»
    authentication {
        «=auth_type PASS»
        auth_pass «s:config:pw»
    }
    virtual_ipaddress {
        «i:ip4:vip»/24
    }
    unicast_src_ip «i:ip4:edge1»
}
=== etc/wireguard/wg0.conf | ini | 2
[Interface]
Address = «i:ip4:wg»/24
PrivateKey = «s:key:b32»
«=ListenPort = 51820»
[Peer]
PublicKey = «b:b32»
PresharedKey = «s:key:b32»
AllowedIPs = «i:ip4:wgpeer»/32
Endpoint = «i:host:edge1»:51820
=== etc/rabbitmq/definitions.json | json | 2
{"rabbit_version":"3.12.1","users":[{"name":"worker","password_hash":"«s:hash:b24»","hashing_algorithm":"rabbit_password_hashing_sha256","tags":["monitoring"]},{"name":"«i:user:op1»","password_hash":"«s:hash:b24»","tags":["administrator"]}],«="vhosts":[{"name":"/"}]»,"parameters":[{"value":{"src-uri":"amqp://shovel:«s:url:pw»@«i:host:queue1»","src-queue":"jobs"},"component":"shovel","name":"move"}],«="exchanges":[]»}
=== etc/netplan/60-wifi.yaml | yaml | 2
network:
  version: 2
  wifis:
    wlp2s0:
      access-points:
        "NorrbyWorks":
          password: "«s:config:words»"
      «=dhcp4: true»
      macaddress: «i:mac:wlan»
      nameservers:
        addresses: [«i:ip4:dns1», «i:ip4:dns2»]
=== etc/prometheus/alertmanager.yml | yaml | 2
global:
  smtp_smarthost: '«i:host:mx1»:587'
  smtp_auth_username: «i:mail:alerts»
  smtp_auth_password: «s:config:pw»
  slack_api_url: https://hooks.slack.com/services/«s:url:slackhook»
receivers:
  - name: pager
    pagerduty_configs:
      - routing_key: «s:config:hex32»
        «=severity: critical»
  - name: chat
    telegram_configs:
      - bot_token: «s:token:telegram»
        «=chat_id: -1001234567»
    webhook_configs:
      - url: https://«?alerts.calder.io»/in
        http_config:
          authorization:
            «=type: Bearer»
            credentials: «s:config:b32url»
          basic_auth: { username: alerts, password: «s:config:pw» }
