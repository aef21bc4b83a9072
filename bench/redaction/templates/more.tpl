=== etc/sssd/sssd.conf | ini | 1
[domain/norrby]
«=id_provider = ldap»
ldap_uri = ldaps://«i:host:ldap1»
ldap_default_bind_dn = cn=sssd,ou=svc,dc=norrby
«=ldap_default_authtok_type = password»
ldap_default_authtok = «s:config:odd»
«=krb5_store_password_if_offline = True»
=== etc/openldap/dump.ldif | ldif | 1
dn: uid=«i:user:op1»,ou=people,dc=norrby
objectClass: inetOrgPerson
uid: «i:user:op1»
mail: «i:mail:op1»
userPassword:: «s:hash:ssha|b64»
«=pwdChangedTime: 20261104101112Z»

dn: cn=replica,dc=norrby
userPassword: «s:hash:ssha»
sambaNTPassword: «s:hash:nt»
«=structuralObjectClass: person»
=== etc/kafka/jaas.conf | conf | 2
KafkaServer {
  org.apache.kafka.common.security.plain.PlainLoginModule required
  username="broker"
  password="«s:config:pw»"
  user_broker="«s:config:pw»";
};
Client { org.apache.zookeeper.server.auth.DigestLoginModule required username="zk" password="«s:config:odd»"; };
=== etc/kafka/server.properties | properties | 1
«=broker.id=3»
ssl.keystore.password=«s:config:pw»
ssl.key.password=«s:config:pw»
«=ssl.client.auth=required»
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="«s:config:pw»";
delegation.token.master.key=«s:config:b32»
«=delegation.token.max.lifetime.ms=604800000»
«=log.cleaner.dedupe.buffer.size=134217728»
=== etc/caddy/Caddyfile | caddy | 1
app.example.test {
	basicauth /admin/* {
		«i:user:op1» «s:hash:bcrypt»
	}
	«=reverse_proxy localhost:8000»
	header_up X-Gateway-Key "«s:header:pw»"
}
=== etc/traefik/traefik.toml | toml | 1
[api]
«=dashboard = true»
[http.middlewares.auth.basicAuth]
users = ["admin:«s:hash:apr1»"]
[providers.consulCatalog.endpoint]
address = "127.0.0.1:8500"
token = "«s:config:uuid»"
[certificatesResolvers.le.acme]
email = "«i:mail:admin»"
«=keyType = "EC256"»
=== etc/vault.d/vault.hcl | hcl | 1
storage "postgresql" {
  connection_url = "postgres://vault:«s:url:pw»@«i:host:db1»:5432/vault"
}
seal "transit" {
  address = "https://127.0.0.1:8200"
  token = "«s:config:vault»"
  «=disable_renewal = "false"»
  «=key_name = "autounseal"»
}
=== root/vault-init.txt | terminal | 2
Unseal Key 1: «s:log:b24»
Unseal Key 2: «s:log:b24»
Unseal Key 3: «s:log:b24»

Initial Root Token: «s:log:vault»

«=Vault initialized with 3 key shares and a key threshold of 2.»
=== var/log/mosaic/har.json | json | 1
{"log": {"version": "1.2", "entries": [{"request": {"method": "POST", "url": "https://app.example.test/login?«=next=/home»", "headers": [
  {"name": "Authorization", "value": "Bearer «s:header:jwt»"}, {"name": "Accept", «="value": "application/json"»},
  {"name": "Cookie", "value": "sid=«s:header:hex32»"}],
  "postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "username", "value": "«i:user:op1»"}, {"name": "password", "value": "«s:log:odd|json»"}]}},
  "response": {"status": 200, "headers": [{"name": "Set-Cookie", "value": "sid=«s:header:hex32»; Path=/"}]}}]}}
=== var/log/mosaic/graphql.log | log | 1
2026-11-05T10:00:01Z DEBUG graphql query=mutation { login(email: "«i:mail:c1»", password: "«s:log:pw»") { token } }
2026-11-05T10:00:02Z DEBUG graphql variables={"input":{"email":"«i:mail:c1»","newPassword":"«s:log:pw»","confirmPassword":"«s:log:pw»"}}
2026-11-05T10:00:03Z DEBUG graphql «=query=query { me { id tokens { count } passwordChangedAt } }»
=== var/log/mosaic/soap.log | log | 1
2026-11-05 10:00:01 DEBUG soap <soapenv:Header><wsse:UsernameToken><wsse:Username>svc</wsse:Username><wsse:Password>«s:log:odd|xml»</wsse:Password></wsse:UsernameToken></soapenv:Header>
2026-11-05 10:00:02 DEBUG soap <auth apiKey="«s:log:hex32»" «=version="2"»/>
2026-11-05 10:00:03 DEBUG soap <ns1:sessionId>«s:log:hex32»</ns1:sessionId><ns1:count>«=17»</ns1:count>
=== opt/mosaic/gradle.properties | properties | 1
«=org.gradle.jvmargs=-Xmx2g»
nexusUser=deployer
nexusPassword=«s:config:pw»
signing.password=«s:config:phrase»
signing.secretKeyRingFile=/home/build/.gnupg/secring.gpg
sonarToken=«s:config:hex40»
=== opt/mosaic/settings.xml | xml | 1
<settings>
  <servers>
    <server><id>nexus</id><username>deployer</username><password>«s:config:pw»</password></server>
    <server><id>snapshots</id><privateKey>«=/home/build/.ssh/id_rsa»</privateKey><passphrase>«s:config:odd|xml»</passphrase></server>
  </servers>
  <mirrors><mirror><url>https://mirror:«s:url:pw»@nexus.example.test/repo</url></mirror></mirrors>
</settings>
=== opt/mosaic/deploy.ps1 | powershell | 1
$ErrorActionPreference = "Stop"
$password = ConvertTo-SecureString "«s:env:odd»" -AsPlainText -Force
$env:API_TOKEN = "«s:env:b32url»"
$cred = New-Object System.Management.Automation.PSCredential("svc", $password)
«=$maxTokens = 4096»
net use \\files\share /user:CORP\svc «s:command:pw»
Invoke-RestMethod -Headers @{ Authorization = "Bearer «s:header:b32url»" } -Uri https://app.example.test/x
=== opt/mosaic/app.rb | ruby | 1
config.secret_key_base = "«s:env:hex64»"
«=config.force_ssl = true»
Redis.new(host: "localhost", password: "«s:env:pw»", «=timeout: 5»)
ActionMailer::Base.smtp_settings = { user_name: "mailer", password: '«s:env:pw»', «=authentication: :plain» }
«=validates :password, length: { minimum: 12 }»
TOKEN = ENV.fetch("TOKEN", "«s:env:pw»")
=== opt/mosaic/main.go | go | 1
const apiKey = "«s:env:hex32»"
«=const tokenHeader = "X-Token"»
cfg := Config{User: "app", Password: "«s:env:pw»", «=MaxConns: 10»}
db, err := sql.Open("postgres", "host=localhost user=app password=«s:url:pw» sslmode=disable")
«=if password == "" { return errors.New("password required") }»
req.SetBasicAuth("svc", "«s:env:pw»")
=== opt/mosaic/Client.cs | csharp | 1
private const string ApiKey = "«s:env:hex32»";
«=public string Password { get; set; }»
var conn = "Server=tcp:localhost,1433;Initial Catalog=x;User ID=app;Password=«s:url:pw»;«=Connection Timeout=30;»";
client.DefaultRequestHeaders.Add("X-Api-Key", "«s:header:b32url»");
new NetworkCredential("svc", "«s:env:pw»");
=== opt/mosaic/Dockerfile | docker | 1
FROM debian:12@«b:digest»
ARG NPM_TOKEN=«s:env:npm»
ENV DB_PASSWORD=«s:env:pw» «=DB_PORT=5432»
ENV API_SECRET "«s:env:pw»"
RUN curl -u build:«s:command:pw» https://nexus.example.test/a.tgz | tar xz
«=RUN --mount=type=secret,id=npm_token npm ci»
«=COPY secrets.example.yaml /etc/»
=== opt/mosaic/ci.yml | yaml | 1
variables:
  «=GIT_DEPTH: "1"»
  DEPLOY_TOKEN: "«s:env:gitlab»"
  DOCKER_AUTH_CONFIG: '{"auths":{"registry.example.test":{"auth":"«s:env:pw|userb64:ci»"}}}'
deploy:
  script:
    - «=echo "deploying"»
    - helm upgrade app ./chart --set db.password=«s:command:pw» --set image.tag=«b:sha40»
    - kubectl config set-credentials ci --token=«s:command:b32url»
    - docker run -e REDIS_PASSWORD=«s:command:pw» «=-p 8000:8000» app
  «=only: [main]»
=== var/log/mosaic/dotnet.log | log | 1
info: Microsoft.AspNetCore.Hosting[1] Request starting HTTP/1.1 GET http://localhost/api/token?client_secret=«s:url:b32url»&«=grant_type=client_credentials»
fail: App.Db[0] Cannot open "Data Source=localhost;User Id=app;Pwd=«s:log:pw»;«=Pooling=true»"
dbug: App.Auth[0] Bearer was «s:log:jwt» for user "«i:user:op1»"
«=info: App.Auth[0] Token validated, 3 claims, lifetime 3600»
=== var/log/mosaic/elixir.log | log | 1
10:00:01.120 [debug] Parameters: %{"_csrf_token" => "«s:log:b32url»", "user" => %{"email" => "«i:mail:c1»", "password" => "[FILTERED]"}}
10:00:01.121 [debug] %App.Repo.Config{hostname: "«i:host:db1»", password: "«s:log:pw»", «=port: 5432»}
10:00:01.122 [info] «=Sent 200 in 4ms»
=== var/log/mosaic/rust.log | log | 1
2026-11-05T10:00:01Z DEBUG app: Settings { host: "localhost", db_password: Secret("«s:log:pw»"), «=max_conn: 10», api_key: Some("«s:log:hex32»") }
2026-11-05T10:00:02Z DEBUG app: «=token: None, secret: None»
2026-11-05T10:00:03Z WARN app: basic auth «s:log:pw|userb64:svc» rejected from «i:ip4:c1»
=== var/log/audit/audit.log | audit | 1
type=EXECVE msg=audit(1762336800.123:991): argc=4 a0="mysql" a1="-uroot" a2="-p«s:command:pw»" a3="ledger"
type=SYSCALL msg=audit(1762336800.123:991): «=arch=c000003e syscall=59 success=yes exit=0» exe="/usr/bin/mysql" key="exec"
type=USER_AUTH msg=audit(1762336801.000:992): pid=881 uid=0 msg='«=op=PAM:authentication» acct="«i:user:op1»" exe="/usr/sbin/sshd" hostname=«i:ip4:c1» addr=«i:ip4:c1» terminal=ssh res=failed'
=== etc/NetworkManager/vpn.nmconnection | ini | 1
[connection]
«=type=vpn»
[vpn]
«=password-flags=0»
gateway=«i:host:edge1»
[vpn-secrets]
password=«s:config:pw»
IPSec secret=«s:config:words»
[wifi-security]
«=key-mgmt=wpa-psk»
psk=«s:config:phrase»
=== etc/krb/app.env.json | json | 1
{"Parameters": {"DB_PASSWORD": "«s:config:pw»", «="DB_NAME": "x"», "STRIPE": {"SecretKey": "«s:config:stripe»", "PublishableKey": "pk_test_notasecret"}, "Hosts": ["«i:host:app1»"], «="PasswordPolicy": {"MinLength": 12, "RequireSymbols": true}»}, "SecretString": "{\"username\":\"app\",\"password\":\"«s:config:pw»\"}"}
=== var/lib/mosaic/mails.txt | text | 1
From: «i:mail:noreply»
To: «i:mail:c1»
Subject: «=Your password was reset»

Hello, your new password is «s:log:pw» and it works for 24 hours.
Use this link: https://app.example.test/reset/confirm?token=«s:url:b32url»
«=If you did not ask for this, ignore this message.»
Temporary PIN: «s:log:pin»
