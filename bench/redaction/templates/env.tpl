=== opt/ledgerly/.env | env | 3
«=APP_ENV=production»
«=LOG_FORMAT=json»
SECRET_KEY=«s:env:b32url»
DATABASE_URL=postgres://ledgerly_rw:«s:url:pw@@appdb»@«i:host:db1»:5432/ledgerly
REDIS_PASSWORD='«s:env:pw@@redis»'
export SMTP_PASS="«s:env:odd»"
AWS_ACCESS_KEY_ID=«?AKIA4EXAMPLE7Q2ZB3MN»
AWS_SECRET_ACCESS_KEY=«s:env:awskey»
«=AWS_DEFAULT_REGION=eu-west-1»
GITHUB_TOKEN=«s:env:github»
«=TOKEN_CACHE_SIZE=500»
«=PASSWORD_MIN_LENGTH=12»
«=SESSION_COOKIE_SECURE=1»
OPENAI_API_KEY=«s:env:openai»
«=OPENAI_MODEL=gpt-large»
DJANGO_SUPERUSER_PASSWORD=«s:env:human»
«=PUBLIC_KEY_PATH=/etc/ledgerly/tls/pub.pem»
JWT_PRIVATE_KEY="«s:key:ec|nl»"
«=#OLD_API_KEY=»
ENCRYPTION_KEY=base64:«s:env:b32»
VAULT_TOKEN=«s:env:vault»
«?VAULT_ADDR=https://vault.int.calder.io:8200»
GIT_COMMIT=«b:sha40»
=== etc/default/mosaic | env | 2
# Defaults for mosaic, sourced by /etc/init.d/mosaic
«=MOSAIC_HOME=/opt/mosaic»
«=MOSAIC_USER=mosaic»
JAVA_OPTS="-Xmx2g -Djavax.net.ssl.keyStorePassword=«s:env:pw» «=-Djavax.net.ssl.keyStore=/etc/mosaic/ks.p12» -Dmosaic.token=«s:env:hex32»"
MOSAIC_DB_PASSWD=«s:env:pw»
«=MOSAIC_MAX_KEYS=100000»
MOSAIC_ADMIN_PIN=«s:env:pin»
=== etc/systemd/system/mosaic.service.d/override.conf | ini | 2
[Service]
Environment="MOSAIC_API_TOKEN=«s:env:b32url»" «="MOSAIC_MODE=cluster"»
Environment=MOSAIC_DB_PASS=«s:env:pw»
«=EnvironmentFile=-/etc/mosaic/env»
«=LoadCredential=tls.key:/etc/mosaic/tls/key.pem»
SetCredential=license:«s:env:hex32»
«=Restart=on-failure»
=== opt/ledgerly/deploy/docker-compose.yml | yaml | 3
services:
  web:
    image: «?registry.ledgerly.io»/web:4.2.0@«b:digest»
    environment:
      - DB_PASSWORD=«s:env:pw»
      - SECRET_KEY_BASE=«s:env:hex64»
      «=- RAILS_MAX_THREADS=5»
      - SENTRY_DSN=https://«s:url:hex32»@o450.ingest.sentry.io/12
    secrets:
      «=- db_password»
  db:
    image: postgres:15
    environment:
      «=POSTGRES_USER: ledgerly»
      POSTGRES_PASSWORD: «s:env:pw»
      «=POSTGRES_INITDB_ARGS: "--data-checksums"»
  minio:
    command: server /data
    environment: {MINIO_ROOT_USER: minio, MINIO_ROOT_PASSWORD: «s:env:pw»}
secrets:
  db_password:
    «=file: ./secrets/db_password»
=== opt/ledgerly/app/settings.py | python | 3
"""Settings of the web tier."""
import os

«=DEBUG = False»
SECRET_KEY = "«s:env:b32url»"
ALLOWED_HOSTS = ["«i:host:edge1»", "localhost"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "ledgerly",
        "USER": "ledgerly_rw",
        "PASSWORD": "«s:env:odd»",
        "HOST": "«i:host:db1»",
    },
    "reports": dict(engine="postgresql", password='«s:env:pw»', «=port=5432»),
}
«=PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]»
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_PASSWORD", "«s:env:pw»")
«=STRIPE_KEY = os.environ["STRIPE_KEY"]»
client = PaymentClient(api_key="«s:env:stripe»", «=timeout=30»)
«=def reset_password(user, token, new_password=None):»
    «=return check_token(user, token) and user.set_password(new_password)»
«=TOKEN_RE = re.compile(r"^[a-f0-9]{32}$")»
=== opt/mosaic/lib/Client.java | java | 2
package org.mosaic.client;

public final class Client {
    «=private final String password;»
    private static final String API_KEY = "«s:env:hex32»";
    «=private static final String TOKEN_HEADER = "X-Mosaic-Token";»
    «=private static final long serialVersionUID = 4096183750274L;»
    static final byte[] SIGNING_SECRET = "«s:env:pw»".getBytes(UTF_8);
    public Client(String user, String password) {
        «=this.password = password;»
        conn = DriverManager.getConnection("jdbc:postgresql://«i:host:db1»/mosaic", "mosaic", "«s:env:pw»");
    }
}
=== opt/ledgerly/web/config.js | js | 2
module.exports = {
  «=port: process.env.PORT || 3000,»
  session: { secret: '«s:env:pw»', «=maxAge: 86400000, secure: true» },
  mongo: 'mongodb+srv://app:«s:url:pw»@«i:host:db2»/app?retryWrites=true',
  mailgun: { apiKey: '«s:env:mailgun»', «?domain: 'mg.ledgerly.io'» },
  «=tokenField: 'csrf_token',»
  firebase: { apiKey: "«s:env:google»", «=projectId: "ledgerly-prod"» },
  jwtSecret: process.env.JWT_SECRET || "«s:env:pw»",
  «=passwordRules: { min: 12, symbols: true },»
  «=secretName: 'ledgerly/web/prod',»
};
=== opt/ledgerly/web/.npmrc | npmrc | 2
«=registry=https://registry.npmjs.org/»
//registry.npmjs.org/:_authToken=«s:token:npm»
//«?npm.norrby-steel.com»/:_password=«s:env:pw|b64»
//«?npm.norrby-steel.com»/:username=deploy
email=«i:mail:cibot»
=== home/deploy/.pypirc | ini | 2
[distutils]
«=index-servers = pypi internal»
[pypi]
username = __token__
password = «s:token:pypi»
[internal]
«?repository = https://pypi.int.calder.io/»
username = deploy
password = «s:config:pw»
=== etc/ansible/group_vars/all.yml | yaml | 2
«=ansible_user: deploy»
ansible_become_pass: «s:config:pw»
«=vault_password_file: ~/.vault_pass»
db_root_password: "{{ vault_db_root_password }}"
mysql_replication_password: «s:config:odd|yamlq»
«=api_token: "{{ lookup('env', 'API_TOKEN') }}"»
users:
  - name: «i:user:op1»
    password: "«s:hash:sha512crypt»"
    ssh_key: "ssh-ed25519 «b:sshpub» «i:user:op1»@workstation"
snmp_community: «s:config:pw»
=== opt/ledgerly/Makefile | make | 2
«=VERSION := 4.2.0»
REGISTRY_PASSWORD ?= «s:env:pw»
push:
	echo $(REGISTRY_PASSWORD) | docker login -u ci --password-stdin «?registry.ledgerly.io»
	curl -H "PRIVATE-TOKEN: «s:header:gitlab»" https://«?git.int.calder.io»/api/v4/projects/7
	«=git tag v$(VERSION)»
=== opt/mosaic/conf/init.lua | lua | 1
local redis = require "resty.redis"
«=local key = "rate:" .. ngx.var.remote_addr»
red:auth("«s:env:pw»")
local hmac_secret = "«s:env:pw»"
«=local token_len = 32»
=== opt/mosaic/deploy/main.tf | terraform | 2
provider "datadog" {
  api_key = "«s:env:hex32»"
  app_key = "«s:env:hex40»"
}
resource "aws_db_instance" "main" {
  «=engine_version = "15.4"»
  username = "mosaic"
  password = "«s:env:pw»"
  «=kms_key_id = aws_kms_key.main.arn»
  «=manage_master_user_password = false»
}
variable "token" {
  «=sensitive = true»
  default = "«s:env:ocean»"
}
=== opt/mosaic/web/config.php | php | 2
<?php
define('DB_PASSWORD', '«s:env:odd»');
define('AUTH_KEY', '«s:env:phrase»');
«=define('DB_CHARSET', 'utf8mb4');»
$config['smtp_pass'] = '«s:env:pw»';
«=$config['password_min'] = 10;»
$pdo = new PDO('mysql:host=«i:host:db2»;dbname=mosaic', 'mosaic', '«s:env:pw»');
return ['app_key' => 'base64:«s:env:b32»', «='debug' => false»];
