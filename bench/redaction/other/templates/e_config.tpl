### k8s/secret-db.yaml | yaml | 1
apiVersion: v1
kind: Secret
metadata:
  name: «=db-credentials»
  namespace: «=prod»
  uid: «b:id»
  resourceVersion: "«b:int»"
type: «=Opaque»
data:
  password: «config:odd|b64»
  username: «?YXBw»
  tls.key: «key:pkcs8|b64»
  ca.crt: «b:cert|b64»
  .dockerconfigjson: «config:pw|envb64»
stringData:
  api-token: «token:glsa»
  config.yaml: |
    db:
      host: «ip4:db1»
      password: «config:pw»
      «=pool_size: 20»
### k8s/deployment.yaml | yaml | 2
apiVersion: apps/v1
kind: Deployment
metadata:
  name: «=orders»
  annotations:
    deployment.kubernetes.io/revision: "«=12»"
    checksum/secret: «b:digest»
    kubectl.kubernetes.io/restartedAt: "«b:time»"
spec:
  template:
    spec:
      serviceAccountName: «=orders»
      imagePullSecrets:
        - name: «=regcred»
      hostAliases:
        - ip: «ip4:db1»
          hostnames: ["«host:db1»"]
      containers:
        - name: app
          image: registry.k8s.io/app@sha256:«b:digest»
          env:
            - name: DB_PASSWORD
              value: "«config:quoted»"
            - name: JWT_PRIVATE_KEY
              value: |
                «key:ec|indent16»
            - name: DB_HOST
              value: «host:db1»
            - name: API_TOKEN
              valueFrom:
                secretKeyRef:
                  name: «=api-token»
                  key: «=token»
            - name: TOKEN_TTL
              value: "«=3600»"
            - {name: REDIS_PASSWORD, value: «config:pw»}
          args: ["--listen=«=0.0.0.0:8080»", "--admin-password=«config:pw»", "--log-level=«=debug»"]
      volumes:
        - name: tls
          secret:
            secretName: «=orders-tls»
### root/.kube/config | yaml | 1
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: «b:cert|b64»
    server: https://«ip4:k8s1»:6443
  name: «=prod»
contexts:
- context: {cluster: «=prod», user: «=prod-admin», namespace: default}
  name: «=admin@prod»
current-context: «=admin@prod»
kind: Config
users:
- name: «=prod-admin»
  user:
    client-certificate-data: «b:cert|b64»
    client-key-data: «key:rsa|b64»
- name: «=ci»
  user:
    token: «token:jwt»
- name: oidc
  user:
    auth-provider:
      config:
        client-id: «=kubernetes»
        client-secret: «config:uuid»
        id-token: «token:jwt»
        refresh-token: «config:alnum64»
        idp-issuer-url: https://«host:sso1»/realms/prod
- name: legacy
  user: {username: «user:adm», password: «config:pw»}
### root/.docker/config.json | json | 1
{
  "auths": {
    "«host:reg1»": {"auth": "«config:pw|userb64:ci»"},
    "https://index.docker.io/v1/": {"username": "«user:ci»", "password": "«token:dckr»", "identitytoken": "«config:uuid»"}
  },
  "credHelpers": {"«?gcr.io»": "«=gcloud»"},
  "HttpHeaders": {"User-Agent": "«=Docker-Client/27.3.1 (linux)»"},
  "proxies": {"default": {"httpProxy": "http://proxy:«url:pw»@«ip4:px1»:3128", "noProxy": "«=localhost,127.0.0.1»"}},
  "detachKeys": "«=ctrl-e,e»"
}
### opt/stack/docker-compose.yml | yaml | 2
services:
  db:
    image: «=postgres:15.8-alpine»
    environment:
      POSTGRES_USER: «user:app1»
      POSTGRES_PASSWORD: «config:odd|yamlq»
      POSTGRES_INITDB_ARGS: "«=--auth-host=scram-sha-256»"
    volumes: ["«=pgdata:/var/lib/postgresql/data»"]
  app:
    image: "«=ghcr.io/acme/orders:2.14.1»"
    environment:
      - NODE_ENV=«=production»
      - SESSION_SECRET=«config:alnum40»
      - DATABASE_URL=postgres://«user:app1»:«url:odd|urlq»@db:5432/orders
      - "MAIL_PASS=«config:spaced»"
      - SECRET_KEY_FILE=«=/run/secrets/key»
      - "S3_SECRET_KEY: «?not a variable»"
    command: redis-server --requirepass «config:long» --appendonly yes
    healthcheck:
      test: ["CMD", "mysqladmin", "ping", "-uroot", "-p«config:pw»"]
      «=interval: 30s»
    labels:
      traefik.http.middlewares.auth.basicauth.users: "«user:adm»:«hash:apr1|dollars»"
    networks:
      front: {ipv4_address: «ip4:app1», mac_address: "«mac:app1»"}
secrets:
  key:
    file: «=./secrets/key.txt»
x-passwords: &pw
  - «config:pw»
  - "«config:quoted»"
### tmp/docker-inspect.json | json | 1
[
  {
    "Id": "«b:digest»",
    "Created": "«b:time»",
    "Path": "docker-entrypoint.sh",
    "Image": "sha256:«b:digest»",
    "Name": "/«=orders-db-1»",
    "Config": {
      "Hostname": "«?f2d4a1b09c3e»",
      "Env": ["POSTGRES_PASSWORD=«config:pw»", "PATH=«=/usr/local/sbin:/usr/local/bin»", "PG_SHA256=«b:digest»", "GPG_KEY=«=E3FF2839C048B25C084DEBE9B26995E310250568»", "APP_KEY=base64:«config:b64_32»"],
      "Cmd": ["redis-server", "--requirepass", "«config:long»"],
      "Labels": {"com.docker.compose.config-hash": "«b:digest»", "org.opencontainers.image.revision": "«b:sha1»"}
    },
    "NetworkSettings": {"IPAddress": "«ip4:app1»", "Gateway": "«ip4:gw1»", "MacAddress": "«mac:app1»", "EndpointID": "«b:digest»", "GlobalIPv6Address": "«ip6:app1»"}
  }
]
### infra/terraform.tfstate | json | 1
{
  "version": 4,
  "terraform_version": "«=1.9.7»",
  "serial": «=112»,
  "lineage": "«b:id»",
  "outputs": {"db_password": {"value": "«config:odd»", "type": "string", "sensitive": true}, "lb_ip": {"value": "«ip4:lb1»", "type": "string"}},
  "resources": [
    {"mode": "managed", "type": "aws_iam_access_key", "name": "ci", "instances": [{"attributes": {"id": "«?AKIA2E0A8F3B244C9986»", "secret": "«config:awssecret»", "ses_smtp_password_v4": "«config:b64_32»", "user": "«user:ci»", "status": "«=Active»"}}]},
    {"type": "random_password", "name": "db", "instances": [{"attributes": {"length": «=24», "result": "«config:long»", "bcrypt_hash": "«hash:bcrypt»", "special": «=true»}}]},
    {"type": "tls_private_key", "name": "ca", "instances": [{"attributes": {"algorithm": "«=RSA»", "private_key_pem": "«key:rsa|nl»\n", "public_key_pem": "«b:pub|nl»\n", "public_key_fingerprint_md5": "«?3a:52:11:0b:7e:c1:50:d1:99:42:7a:0e:c8:3f:5d:21»"}}]},
    {"type": "aws_db_instance", "name": "main", "instances": [{"attributes": {"password": "«config:pw»", "engine_version": "«=15.8»", "password_wo_version": «=null», "address": "«host:db1»"}, "sensitive_attributes": []}]}
  ]
}
### infra/prod.tfvars | text | 1
# Values of production; «=keep db_password in the vault instead»
region          = "«=eu-north-1»"
db_password     = "«env:odd»"
admin_users     = ["«user:adm»", "«user:ops»"]
allowed_cidrs   = ["«ip4:adm»/32"]
api_tokens = {
  grafana = "«env:alnum40»"
  ci      = "«token:glpat»"
}
datadog_api_key = "«env:hex32»"
password_length = «=24»
ami             = "«=ami-0c1ac8a41498c1a9c»"
private_key = <<EOT
«key:openssh»
EOT
### infra/main.tf | text | 1
terraform {
  required_version = "«=>= 1.9.0»"
  backend "s3" {
    bucket     = "«=hv-tfstate»"
    access_key = "«token:akia»"
    secret_key = "«env:awssecret»"
  }
}
variable "db_password" {
  «=type      = string»
  «=sensitive = true»
}
resource "aws_db_instance" "main" {
  password = «=var.db_password»
  username = "«user:app1»"
  «=storage_encrypted = true»
}
provider "proxmox" {
  pm_api_url          = "https://«host:px1»:8006/api2/json"
  pm_api_token_secret = "«env:uuid»"
}
«=token = data.vault_generic_secret.db.data["token"]»
### ansible/group_vars/all.yml | yaml | 1
---
# The vault holds the rest; «=ansible-vault edit group_vars/vault.yml»
ansible_user: «user:ops»
ansible_become_password: "«config:spaced»"
ntp_servers: ["«=0.pool.ntp.org»", "«ip4:ntp1»"]
mysql_root_password: "{{ «=vault_mysql_root_password» }}"
mysql_users:
  - {name: «user:app1», password: "«config:odd»", priv: "«=shop.*:ALL»"}
  - name: «user:repl»
    password: «config:pw»
    host: «ip4:db2»
keepalived:
  auth_pass: «config:pin»a
  virtual_ip: «ip4:lb1»
snmp_communities:
  - «config:community»
postfix_sasl:
  passwords:
    relay: >-
      «config:dashed»
password_hash_rounds: «=65536»
no_log_secrets: «=true»
vault_secret: !vault |
  $ANSIBLE_VAULT;«?1.1;AES256»
  «?36366539323535316132393134313639306264376232653132303563326130633632306166326439»
  «?6433333833656130633966366433343334386637613139640a333764313036666432613461316435»
### ansible/hosts.ini | ini | 1
[db]
«host:db1» ansible_host=«ip4:db1» ansible_user=«user:ops» ansible_password=«env:pw»
«short:db2» ansible_host=«ip6:db2» ansible_become_pass='«env:odd»'
[net]
sw1 ansible_host=«ip4:sw1» ansible_ssh_pass="«env:quoted»" ansible_network_os=«=ios»
[all:vars]
ansible_ssh_private_key_file=«=~/.ssh/ansible»
ansible_python_interpreter=«=/usr/bin/python3»
### opt/prometheus/prometheus.yml | yaml | 1
global:
  «=scrape_interval: 15s»
remote_write:
  - url: https://«host:mon1»/api/v1/push
    basic_auth:
      username: "«=112233»"
      password: «token:glc»
scrape_configs:
  - job_name: «=node»
    authorization:
      type: «=Bearer»
      credentials: «config:alnum40»
    static_configs:
      - targets: ["«ip4:db1»:9100", "«host:web1»:9100", "[«ip6:db2»]:9100"]
  - job_name: vault
    bearer_token: «token:hvs»
    bearer_token_file: «=/etc/prometheus/token»
  - job_name: snmp
    params: {auth: [«=public_v2»], module: [«=if_mib»]}
### opt/prometheus/alertmanager.yml | yaml | 1
global:
  smtp_smarthost: "«host:mx1»:587"
  smtp_from: «mail:ops»
  smtp_auth_password: "«config:pw»"
  slack_api_url: «url:slackhook»
receivers:
  - name: oncall
    pagerduty_configs:
      - routing_key: «config:hex32»
        severity: «=critical»
    telegram_configs:
      - bot_token: «config:telegram»
        chat_id: «=-100123456»
    opsgenie_configs:
      - api_key: «config:uuid»
    webhook_configs:
      - url: https://«?outlook.office.com»/webhook/«?6d1c5f0e-2a4b-4f7c-8e1d-0a9b8c7d6e5f»@«?7d1c5f0e-2a4b-4f7c-8e1d-0a9b8c7d6e5a»/IncomingWebhook/«url:hex32»/«?8d1c5f0e-2a4b-4f7c-8e1d-0a9b8c7d6e5b»
route:
  group_by: ["«=alertname»"]
  receiver: oncall
### etc/rabbitmq/rabbitmq.conf | text | 1
«=listeners.tcp.default = 5672»
default_user = «user:app1»
default_pass = «env:odd»
«=ssl_options.keyfile = /etc/rabbitmq/key.pem»
ssl_options.password = «env:pw»
auth_ldap.servers.1 = «host:dc1»
auth_ldap.dn_lookup_bind.password = «env:pw@@ldapbind»
cluster_formation.classic_config.nodes.1 = rabbit@«short:mq1»
«=password_hashing_module = rabbit_password_hashing_sha512»
management.load_definitions = «=/etc/rabbitmq/definitions.json»
### etc/rabbitmq/definitions.json | json | 1
{"rabbit_version": "«=3.13.7»", "users": [{"name": "«user:app1»", "password_hash": "«hash:b64_48»", "hashing_algorithm": "«=rabbit_password_hashing_sha256»", "tags": ["«=administrator»"]}], "parameters": [{"component": "shovel", "name": "wh", "value": {"src-uri": "amqp://shovel:«url:pw»@«host:mq1»/%2f", "dest-uri": ["amqps://wh:«url:pw»@«ip4:mq2»:5671"], "ack-mode": "«=on-confirm»"}}], "vhosts": [{"name": "/"}]}
### etc/kafka/server.properties | text | 1
broker.id=«=3»
listeners=SASL_SSL://«ip4:kafka1»:9093,PLAINTEXT://«=127.0.0.1:9092»
advertised.listeners=SASL_SSL://«host:kafka1»:9093
ssl.keystore.password=«env:pw»
ssl.key.password=«env:odd»
ssl.truststore.location=«=/etc/kafka/trust.jks»
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="«env:pw»" user_admin="«env:pw»" user_«user:app1»="«env:pw»";
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
  username="«user:app1»" \
  password="«env:quoted»";
sasl.enabled.mechanisms=«=PLAIN,SCRAM-SHA-512»
delegation.token.master.key=«env:alnum32»
delegation.token.max.lifetime.ms=«=604800000»
ssl.key.credentials=«?file»
### etc/kafka/jaas.conf | text | 1
KafkaServer {
   org.apache.kafka.common.security.plain.PlainLoginModule required
   username="admin"
   password="«env:odd»"
   user_admin="«env:odd»"
   «=serviceName="kafka"»;
};
Client {
   com.sun.security.auth.module.Krb5LoginModule required
   «=useKeyTab=true»
   keyTab="«=/etc/security/kafka.keytab»"
   principal="kafka/«host:kafka1»@«?AD.ROSENQVIST.SE»";
};
### etc/elasticsearch/elasticsearch.yml | yaml | 1
cluster.name: «=logs»
node.name: «short:es1»
network.host: «ip4:es1»
discovery.seed_hosts: ["«ip4:es1»", "«host:es2»"]
xpack.security.enabled: «=true»
xpack.security.transport.ssl.keystore.path: «=certs/node.p12»
xpack.security.transport.ssl.keystore.password: «config:pw»
xpack.security.authc.realms.ldap.ldap1:
  order: «=1»
  url: "ldaps://«host:dc1»:636"
  bind_dn: "cn=es,ou=svc,«?dc=rosenqvist,dc=se»"
  bind_password: «config:pw@@ldapbind»
xpack.security.authc.token.timeout: «=20m»
xpack.notification.email.account.work.smtp.password: "«config:quoted»"
### etc/logstash/conf.d/out.conf | text | 1
input { beats { port => «=5044» ssl_key => "«=/etc/pki/ls.key»" ssl_key_passphrase => "«config:dashed»" } }
filter {
  grok { match => { "message" => "«=%{IP:client} %{WORD:method} token=%{DATA:token}»" } }
  mutate { remove_field => [ "«=password»", "«=authorization»" ] }
}
output {
  elasticsearch {
    hosts => ["https://«ip4:es1»:9200"]
    user => "«user:svc1»"
    password => "«config:odd»"
    «=index => "logs-%{+YYYY.MM.dd}"»
    api_key => "«?id»:«config:alnum20»"
  }
  http { url => "https://«host:api1»/in" headers => { "Authorization" => "Bearer «header:alnum40»" } }
}
### etc/gitlab/gitlab.rb | text | 1
external_url 'https://«host:ci1»'
gitlab_rails['smtp_address'] = "«host:mx1»"
gitlab_rails['smtp_password'] = "«config:quoted»"
gitlab_rails['initial_root_password'] = '«config:pw»'
gitlab_rails['db_password'] = "«config:odd»"
gitlab_rails['incoming_email_password'] = "«config:pw»"
«=gitlab_rails['password_authentication_enabled_for_web'] = false»
gitlab_rails['ldap_servers'] = YAML.load <<-'EOS'
  main:
    host: '«host:dc1»'
    bind_dn: 'cn=gitlab,ou=svc,«?dc=rosenqvist,dc=se»'
    password: '«config:pw@@ldapbind»'
EOS
gitlab_rails['omniauth_providers'] = [{ name: "openid_connect", args: { client_options: { identifier: "«=gitlab»", secret: "«config:url32»" } } }]
redis['password'] = '«config:long»'
registry['internal_key'] = "-----BEGIN RSA PRIVATE KEY-----\n«key:b64_64»\n-----END RSA PRIVATE KEY-----\n"
«=# gitlab_rails['initial_shared_runners_registration_token'] = "token"»
«=nginx['ssl_certificate_key'] = "/etc/gitlab/ssl/#{node['fqdn']}.key"»
### etc/gitlab-runner/config.toml | toml | 1
concurrent = 4
[[runners]]
  name = "«short:ci1»"
  url = "https://«host:ci1»"
  id = «=12»
  token = "«token:glrt»"
  token_obtained_at = «=2026-01-01T00:00:00Z»
  executor = "«=docker»"
  environment = ["DOCKER_AUTH_CONFIG={\"auths\":{\"«host:reg1»\":{\"auth\":\"«config:pw|userb64:ci»\"}}}", "«=DOCKER_TLS_CERTDIR=/certs»"]
  [runners.cache.s3]
    AccessKey = "«config:alnum20»"
    SecretKey = "«config:awssecret»"
    BucketName = "«=runner-cache»"
### opt/jenkins/credentials.xml | xml | 1
<com.cloudbees.plugins.credentials.SystemCredentialsProvider plugin="«=credentials@1381.v2c3a_12074da_b_»">
  <com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl>
    <scope>«=GLOBAL»</scope>
    <id>«=nexus»</id>
    <description>«=deploy password for nexus»</description>
    <username>«user:ci»</username>
    <password>{«config:b64_48»}</password>
  </com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl>
  <org.jenkinsci.plugins.plaincredentials.impl.StringCredentialsImpl>
    <id>«b:id»</id>
    <secret>«config:alnum32»</secret>
  </org.jenkinsci.plugins.plaincredentials.impl.StringCredentialsImpl>
  <privateKeySource><privateKey>«key:openssh»</privateKey></privateKeySource>
  <apiToken><![CDATA[«config:hex32»]]></apiToken>
</com.cloudbees.plugins.credentials.SystemCredentialsProvider>
### home/ci/.m2/settings.xml | xml | 1
<settings>
  <localRepository>«=/home/ci/.m2/repository»</localRepository>
  <servers>
    <server><id>«=nexus»</id><username>«user:ci»</username><password>«config:pw»</password></server>
    <server><id>signing</id><passphrase>«config:spaced|xml»</passphrase><privateKey>«=${user.home}/.ssh/id_rsa»</privateKey></server>
  </servers>
  <profiles><profile><id>sonar</id><properties><sonar.token>«token:sqp»</sonar.token><java.version>«=17.0.12»</java.version></properties></profile></profiles>
</settings>
### home/ci/.npmrc | text | 1
registry=https://«host:reg1»/repository/npm/
//«host:reg1»/repository/npm/:_auth="«env:pw|userb64:ci»"
//registry.npmjs.org/:_authToken=«token:npm»
always-auth=«=true»
email=«mail:ops»
_password=«env:pw|b64»
«=save-exact=true»
### home/ci/.pypirc | ini | 1
[distutils]
index-servers = «=pypi internal»
[pypi]
username = «=__token__»
password = «token:pypi»
[internal]
repository = https://«host:reg1»/pypi
username = «user:ci»
password = «env:odd»
### app/package-lock.json | json | 1
{
  "name": "«=orders»", "version": "«=2.14.1»", "lockfileVersion": 3,
  "packages": {
    "node_modules/jsonwebtoken": {"version": "«=9.0.2»", "resolved": "«=https://registry.npmjs.org/jsonwebtoken/-/jsonwebtoken-9.0.2.tgz»", "integrity": "«b:sri»"},
    "node_modules/keytar": {"version": "«=7.9.0»", "integrity": "«b:sri»", "engines": {"node": "«=>= 12»"}},
    "node_modules/password-validator": {"version": "«=5.3.0»", "integrity": "«b:sri»"}
  }
}
### app/go.sum | text | 1
«=github.com/golang-jwt/jwt/v5 v5.2.1 h1:»«b:b64_32»
«=github.com/hashicorp/go-secure-stdlib/parseutil v0.1.8 h1:»«b:b64_32»
«=golang.org/x/crypto v0.27.0/go.mod h1:»«b:b64_32»
### app/config.py | text | 1
"""Settings of the worker; «=tokens come from the environment»."""
API_KEY = "«env:alnum32»"
«=TOKEN_URL = "/oauth/token"»
DB = {"user": "«user:app1»", "password": '«env:quoted»', "host": "«host:db1»"}
engine = create_engine("mysql+pymysql://«user:app1»:«url:odd|urlq»@«ip4:db1»/shop?charset=utf8mb4")
client = Client(host="«ip4:api1»", token="«env:hex40»", «=timeout=30»)
«=password = getpass.getpass("Password: ")»
«=if user.check_password(password): return token_serializer.dumps(user.id)»
headers = {"Authorization": f"Bearer «env:alnum40»", "«=Accept»": "application/json"}
boto3.client("s3", aws_access_key_id="«token:akia»", aws_secret_access_key="«env:awssecret»")
smtp.login("«mail:ops»", "«env:human»")
«=SECRET_NAME = "prod/db"»
«=assert token_count == 17»
private_key = b"""«key:rsa»"""
encryption_key = bytes.fromhex("«env:hex64»")
### app/config.js | text | 1
module.exports = {
  secret: process.env.«=SESSION_SECRET» || '«env:dashed»',
  db: { host: '«host:db1»', user: '«user:app1»', password: `«env:odd»`, «=port: 5432» },
  «=passwordField: 'passwd'», «=tokenHeader: 'x-token'»,
  jwt: { secret: "«env:alnum64»", «=expiresIn: '15m'» },
  apiKeys: ['«env:hex32»', '«env:hex32»'],
  s3: { accessKeyId: '«token:akia»', secretAccessKey: '«env:awssecret»' },
  «=const hash = crypto.createHash('sha256').update(password).digest('hex')»
};
const stripe = require('stripe')('«token:sklive»');
axios.defaults.headers.common['Authorization'] = 'Bearer «env:alnum40»';
mongoose.connect('mongodb://«user:app1»:«url:pw»@«ip4:db4»:27017,«host:db3»:27017/shop?replicaSet=rs0');
firebase.initializeApp({ apiKey: "«token:aiza»", projectId: "«=hv-shop»" });
### app/Config.go | text | 1
package config
«=const TokenHeader = "X-Auth-Token"»
var DBPassword = "«env:odd»"
const apiSecret string = `«env:alnum40»`
cfg := &Config{Host: "«ip4:db1»", Password: "«env:pw»", «=MaxRetries: 5»}
os.Setenv("VAULT_TOKEN", "«token:hvs»")
«=secret := os.Getenv("APP_SECRET")»
db, err := sql.Open("mysql", "«user:app1»:«url:pw»@tcp(«ip4:db1»:3306)/shop?parseTime=true")
«=return errors.New("invalid token: signature mismatch")»
### app/Main.java | text | 1
private static final String DB_PASSWORD = "«env:odd»";
«=private String passwordHash;»
props.setProperty("mail.smtp.password", "«env:pw»");
props.put("javax.net.ssl.keyStorePassword", "«env:pw»");
DriverManager.getConnection("jdbc:mysql://«ip4:db1»/shop", "«user:app1»", "«env:pw»");
@Value("${app.jwt.secret:«env:alnum40»}") private String jwtSecret;
«=@PostMapping("/password/reset") public Token reset(@RequestParam String token)»
new BasicAuthenticationInterceptor("«user:svc1»", "«env:pw»");
### etc/orders/orders.env | text | 2
# «=Secrets are rotated every 90 days; see docs/secrets.md»
DB_HOST=«host:db1»
DB_PASSWORD=«env:odd»
export JWT_SECRET='«env:alnum64»'
REDIS_URL=redis://:«url:long»@«ip4:cache1»:6379/0
APP_KEY=base64:«env:b64_32»
ENCRYPTION_KEYS="«env:hex32»,«env:hex32»"
STRIPE_WEBHOOK_SECRET=«token:whsec»
SENDGRID_API_KEY=«token:sendgrid»
OPENAI_API_KEY=«token:skproj»
MAPS_KEY=«token:aiza»
SMTP_PASS="«env:spaced»"
BASIC_AUTH=«user:ops»:«env:pw»
SSH_KEY="«key:openssh|nl»\n"
TLS_KEY_B64=«key:pkcs8|b64»
TLS_CERT_B64=«b:cert|b64»
TOKEN_EXPIRY=«=3600»
TOKEN_ISSUER=https://«host:sso1»
PASSWORD_MIN_LENGTH=«=12»
SECRET_BACKEND=«=vault»
USE_SECURE_COOKIES=«=true»
KEY_PREFIX=«=orders:»
API_KEY_HEADER=«=X-Api-Key»
PUBLIC_KEY="«b:pub|nl»\n"
PASSWORD_FILE=«=/run/secrets/pw»
MAX_TOKENS=«=4096»
AUTH_MODE=«=token»
GIT_COMMIT=«b:sha1»
APP_VERSION=«=2.14.1.0»
SENTRY_DSN=https://«url:hex32»@«host:mon1»/4
### etc/openhab/things.json5 | text | 1
{
  // «=token is issued by the hub»
  hub: {host: '«ip4:hub1»', token: '«config:alnum40»', «=refresh: 60»},
  wifi: {ssid: '«=lab»', psk: "«config:dashed»"},
  mqtt: {url: 'mqtt://dev:«url:pw»@«ip4:mq1»:1883', «=clientId: 'hub-1'»},
}
