### var/log/nginx/access.log | text | 2
«ip4:cust1» - - [11/Oct/2026:08:00:11 +0000] "GET /api/v2/orders?page=2 HTTP/1.1" 200 «b:int» "-" "«=Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0»"
«ip6:cust2» - «user:adm» [11/Oct/2026:08:00:12 +0000] "POST /login HTTP/2.0" 302 0 "https://«host:web1»/login?next=%2Fadmin" "«=Chrome/129.0.6668.70 Safari/537.36»"
«ip4:cust3» - - [11/Oct/2026:08:00:13 +0000] "GET /reset?uid=MTAx&token=«header:url32»&lang=nl HTTP/1.1" 200 «b:int» "-" "-"
«ip4:cust3» - - [11/Oct/2026:08:00:14 +0000] "GET /ws?access_token=«token:jwt» HTTP/1.1" 101 0 "-" "«=okhttp/4.12.0»"
«ip4:cust1» - - [11/Oct/2026:08:00:15 +0000] "GET /export.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=«?AKIAXXXXXXXXXXXXXXXX»%2F20261011%2Feu-north-1%2Fs3%2Faws4_request&X-Amz-Expires=«=900»&X-Amz-Signature=«url:hex64» HTTP/1.1" 200 5 "-" "-"
«ip4:cust4» - - [11/Oct/2026:08:00:16 +0000] "GET /blob?sv=2023-11-03&st=2026-10-11T00%3A00%3A00Z&se=2026-10-12T00%3A00%3A00Z&sr=b&sp=r&sig=«url:b64_32|urlq» HTTP/1.1" 200 5 "-" "«=Azure-Storage/2.0»"
«ip4:cust1» - - [11/Oct/2026:08:00:17 +0000] "GET /static/app.«b:git7».js?v=«b:hex16» HTTP/1.1" 304 0 "-" "«=Googlebot/2.1 (+http://www.google.com/bot.html)»"
«ip4:cust2» - - [11/Oct/2026:08:00:18 +0000] "GET /rest/v1/items?apikey=«header:alnum40» HTTP/1.1" 200 77 "-" "curl/«=8.9.1»"
«=127.0.0.1» - - [11/Oct/2026:08:00:19 +0000] "GET /nginx_status HTTP/1.1" 200 97 "-" "«=Prometheus/2.53.1»"
«ip4:cust2» - - [11/Oct/2026:08:00:20 +0000] "GET /api/commits/«b:sha1»?token_type=bearer&key_id=«=17» HTTP/1.1" 200 1 "-" "-"
«ip4:cust2» - - [11/Oct/2026:08:00:21 +0000] "GET /oauth/callback?code=«header:alnum32»&state=«header:alnum20» HTTP/1.1" 302 1 "-" "-"
### var/log/nginx/error.log | text | 1
2026/10/11 08:01:00 [error] 812#812: *«b:int» connect() failed (111: Connection refused) while connecting to upstream, client: «ip4:cust1», server: «host:web1», request: "GET /api?session_token=«header:alnum32» HTTP/1.1", upstream: "http://«ip4:app1»:8080/api", host: "«host:web1»"
2026/10/11 08:01:01 [warn] 812#812: *«b:int» an upstream response is buffered to a temporary file «=/var/cache/nginx/proxy_temp/3/12/0000000123», client: «ip6:cust2», server: _
2026/10/11 08:01:02 [emerg] 1#1: cannot load certificate key "«=/etc/ssl/private/site.key»": PEM_read_bio_PrivateKey() failed
2026/10/11 08:01:03 [error] 812#812: *«b:int» user "«user:ops»": password mismatch, client: «ip4:adm», server: «host:web1», request: "GET /kibana/ HTTP/1.1"
2026/10/11 08:01:03 [notice] 1#1: using the "epoll" event method, «=nginx/1.24.0», OS: «=Linux 6.1.0-25-amd64»
### etc/nginx/conf.d/site.conf | text | 1
upstream backend {
    server «ip4:app1»:8080 weight=«b:n»;
    server [«ip6:app1»]:8080 backup;
    «=keepalive 32;»
}
server {
    listen 443 ssl;
    listen [«=::»]:443 ssl;
    server_name «host:web1» «short:web1»;
    ssl_certificate_key «=/etc/ssl/private/site.key;»
    «=ssl_session_tickets off;»
    «=auth_basic_user_file /etc/nginx/.htpasswd;»
    resolver «=1.1.1.1 8.8.8.8» valid=300s;
    set $upstream_token "«config:alnum32»";
    proxy_set_header Authorization "Basic «header:pw|userb64:svc»";
    proxy_set_header X-Api-Key «header:uuid»;
    proxy_set_header X-Real-IP «=$remote_addr;»
    secure_link_md5 "$secure_link_expires$uri «?somesecret»";
    allow «ip4:adm»;
    deny all;
}
### etc/nginx/.htpasswd | text | 1
«user:adm»:«hash:apr1»
«user:ops»:«hash:bcrypt»
monitor:«hash:ssha»
deploy:{SHA}«hash:b64_24»
### etc/haproxy/haproxy.cfg | text | 1
global
    log «ip4:log1»:514 local0
    stats socket «=/run/haproxy/admin.sock mode 660 level admin»
    «=tune.ssl.default-dh-param 2048»
userlist ops
    user «user:adm» password «positional:sha512»
    user «user:ops» insecure-password «positional:pw»
frontend web
    bind «ip4:lb1»:443 ssl crt «=/etc/haproxy/certs/site.pem»
    stats auth «user:adm»:«positional:odd»
    http-request set-header X-Forwarded-Proto https
backend app
    server «short:app1» «ip4:app1»:8080 check inter 2s cookie «=a1»
    server «short:web2» «ip4:web2»:8080 check
    cookie «=SRVID insert indirect nocache»
    option mysql-check user «user:app1»
    tcp-check send AUTH\ «positional:alnum20»\r\n
### opt/traefik/dynamic.yml | yaml | 1
http:
  middlewares:
    auth:
      basicAuth:
        users:
          - "«user:adm»:«hash:apr1»"
          - "ops:«hash:bcrypt»"
    limit:
      rateLimit:
        «=average: 100»
    fwd:
      headers:
        customRequestHeaders:
          X-Auth-Token: "«config:alnum40»"
          «=X-Robots-Tag: "noindex"»
  services:
    app:
      loadBalancer:
        servers:
          - url: "http://«ip4:app1»:8080"
tls:
  certificates:
    - certFile: «=/certs/site.crt»
      keyFile: «=/certs/site.key»
### opt/traefik/acme.json | json | 1
{
  "letsencrypt": {
    "Account": {
      "Email": "«mail:adm»",
      "Registration": {"body": {"status": "valid"}, "uri": "«=https://acme-v02.api.letsencrypt.org/acme/acct/»«b:int»"},
      "PrivateKey": "«key:b64_700»",
      "KeyType": "«=4096»"
    },
    "Certificates": [
      {"domain": {"main": "«host:web1»"}, "certificate": "«b:cert|b64»", "key": "«key:rsa|b64»", "Store": "default"}
    ]
  }
}
### var/www/html/wp-config.php | text | 1
<?php
/** MySQL settings; see «=https://wordpress.org/support/article/editing-wp-config-php/» */
define( 'DB_NAME', '«=wordpress»' );
define( 'DB_USER', '«user:wp»' );
define( 'DB_PASSWORD', '«env:odd»' );
define( 'DB_HOST', '«ip4:db1»:3306' );
define('AUTH_KEY',         '«env:alnum64»');
define('SECURE_AUTH_KEY',  '«env:alnum64»');
define('LOGGED_IN_SALT',   '«env:alnum64»');
define('NONCE_SALT',       '«env:alnum64»');
$table_prefix = '«=wp_»';
define( 'WP_DEBUG', «=false» );
«=define( 'WP_MEMORY_LIMIT', '256M' );»
$smtp['pass'] = "«env:pw»";
// «=the password policy is enforced by the plugin»
### srv/django/settings.py | text | 1
"""Settings; generated by «='django-admin startproject' using Django 4.2.16.»"""
import os

SECRET_KEY = "django-insecure-«env:alnum40»"
«=DEBUG = False»
ALLOWED_HOSTS = ["«host:web1»", "«ip4:web1»"]
DATABASES = {
    "default": {
        "ENGINE": "«=django.db.backends.postgresql»",
        "NAME": "orders",
        "USER": "«user:app1»",
        "PASSWORD": "«env:quoted»",
        "HOST": "«host:db1»",
        "PORT": 5432,
    },
    "legacy": dict(ENGINE="«=django.db.backends.mysql»", PASSWORD=os.environ.get("LEGACY_PASSWORD", "«env:human»")),
}
AUTH_PASSWORD_VALIDATORS = [{"NAME": "«=django.contrib.auth.password_validation.MinimumLengthValidator»"}]
PASSWORD_HASHERS = ["«=django.contrib.auth.hashers.Argon2PasswordHasher»"]
«=PASSWORD_RESET_TIMEOUT = 3600»
«=CSRF_COOKIE_NAME = "csrftoken"»
«=SESSION_COOKIE_SECURE = True»
CELERY_BROKER_URL = "amqp://worker:«url:pw»@«host:mq1»:5672//"
CACHES = {"default": {"LOCATION": "redis://:«url:long»@«ip4:cache1»:6379/1"}}
SENTRY_DSN = "https://«url:hex32»@«?o112233.ingest.sentry.io/5566»"
EMAIL_HOST_PASSWORD = os.getenv("«=EMAIL_HOST_PASSWORD»")
STRIPE_KEYS = ["«token:sklive»", "pk_live_«?publishablekeyispublic»"]
ADMINS = [("Ops", "«mail:ops»")]
### srv/rails/config/secrets.yml | yaml | 1
# rails secret; «=never commit the production section»
development:
  secret_key_base: «config:hex128»
production:
  secret_key_base: <%= ENV["«=SECRET_KEY_BASE»"] %>
  smtp:
    user_name: «mail:ops»
    password: «config:pw»
    «=authentication: plain»
  devise_pepper: "«config:hex64»"
  active_record_encryption:
    primary_key: «config:alnum32»
    deterministic_key: «config:alnum32»
    key_derivation_salt: «config:alnum32»
### srv/rails/config/master.key | text | 1
«positional:hex32»
### srv/rails/log/production.log | text | 1
I, [2026-10-11T08:10:00.1 #«n:int»]  INFO -- : [«b:id»] Started POST "/users/sign_in" for «ip4:cust1» at 2026-10-11 08:10:00 +0000
I, [2026-10-11T08:10:00.2 #«n:int»]  INFO -- : [«b:id»]   Parameters: {"utf8"=>"✓", "authenticity_token"=>"«log:b64_64»", "user"=>{"email"=>"«mail:cust1»", "password"=>"«?[FILTERED]»", "remember_me"=>"«=1»"}}
I, [2026-10-11T08:10:01.2 #«n:int»]  INFO -- : [«b:id»]   Parameters: {"user"=>{"login"=>"«user:cust2»", "passcode"=>"«log:odd»", :otp_secret=>"«log:totp»"}}
D, [2026-10-11T08:10:01.4 #«n:int»] DEBUG -- :   User Load (0.4ms)  SELECT "users".* FROM "users" WHERE "users"."reset_password_token" = $1 LIMIT $2  [["reset_password_token", "«log:alnum20»"], ["LIMIT", «=1»]]
I, [2026-10-11T08:10:02.0 #«n:int»]  INFO -- : [«b:id»] Completed 302 Found in «b:n»ms (ActiveRecord: 4.1ms | Allocations: «b:int»)
E, [2026-10-11T08:10:03.0 #«n:int»] ERROR -- : #<Faraday::Connection @headers={"Authorization"=>"Bearer «header:alnum40»", "User-Agent"=>"«=Faraday v2.9.0»"} @url=#<URI::HTTPS https://«host:api1»/v1>>
### etc/app/application-prod.yml | yaml | 1
spring:
  datasource:
    url: jdbc:postgresql://«host:db1»:5432/orders?sslmode=require
    username: «user:app1»
    password: '«config:apos|sqlq»'
    hikari:
      «=maximum-pool-size: 20»
      «=connection-timeout: 30000»
  mail:
    host: «host:mx1»
    username: «mail:ops»
    password: «config:pw»
  security:
    oauth2:
      client:
        registration:
          keycloak:
            client-id: «=orders-web»
            client-secret: «config:uuid»
            authorization-grant-type: «=authorization_code»
        provider:
          keycloak:
            token-uri: https://«host:sso1»/realms/prod/protocol/openid-connect/token
  rabbitmq:
    addresses: "«host:mq1»:5672,«ip4:mq2»:5672"
    password: ENC(«config:b64_48»)
jwt:
  signing-key: |
    «config:pkcs8|indent4»
  «=token-validity: 86400»
management:
  endpoints:
    web:
      exposure:
        include: «=health,info,prometheus»
### etc/app/application.properties | text | 1
spring.datasource.url=jdbc:mysql://«ip4:db1»:3306/orders?user=«user:app1»&password=«url:pw»&useSSL=true
spring.datasource.password=«env:odd»
spring.data.redis.password = «env:long»
server.ssl.key-store-password: «env:pw»
server.ssl.key-store=«=classpath:keystore.p12»
server.ssl.key-alias=«=tomcat»
server.servlet.session.cookie.name=«=JSESSIONID»
security.user.password={bcrypt}«env:bcrypt»
#spring.datasource.password=«?old and gone»
app.token.expiration=«=3600»
app.password.policy=«=strict»
app.secret.rotation.days=«=90»
app.build.commit=«b:sha1»
app.aes.key=«env:b64_32»
logging.level.org.springframework.security=«=DEBUG»
### srv/dotnet/appsettings.Production.json | json | 2
{
  "Logging": {"LogLevel": {"Default": "«=Information»", "Microsoft.AspNetCore": "«=Warning»"}},
  "ConnectionStrings": {
    "Default": "Server=tcp:«host:db3»,1433;Initial Catalog=orders;User ID=«user:app1»;Password=«url:odd»;Encrypt=True;Connection Timeout=«=30»;",
    "Storage": "DefaultEndpointsProtocol=https;AccountName=«?hvenergiprod»;AccountKey=«url:b64_64»;EndpointSuffix=«=core.windows.net»",
    "Bus": "Endpoint=sb://«?hv.servicebus.windows.net»/;SharedAccessKeyName=«=RootManageSharedAccessKey»;SharedAccessKey=«url:b64_32»",
    "Cache": "«ip4:cache1»:6379,password=«url:long»,ssl=False,abortConnect=False"
  },
  "Jwt": {"Issuer": "https://«host:sso1»", "Audience": "orders", "Key": "«config:alnum64»", "ExpiryMinutes": «=60»},
  "AzureAd": {"TenantId": "«b:id»", "ClientId": "«b:id»", "ClientSecret": "«config:alnum40»"},
  "Smtp": {"Host": "«host:mx1»", "Port": 587, "User": "«mail:ops»", "Password": "«config:dquote|json»"},
  "Kestrel": {"Certificates": {"Default": {"Path": "«=/etc/ssl/orders.pfx»", "Password": "«config:pw»"}}},
  "PasswordOptions": {"RequiredLength": «=12», "RequireDigit": «=true»}
}
### srv/iis/web.config | xml | 1
<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <connectionStrings>
    <add name="Main" connectionString="Data Source=«host:db3»;Initial Catalog=crm;User Id=«user:app1»;Password=«url:quoted|xml»;" providerName="«=System.Data.SqlClient»" />
  </connectionStrings>
  <appSettings>
    <add key="ApiSecret" value="«config:alnum32»" />
    <add key="«=PasswordMinLength»" value="«=10»" />
    <add key="SmtpPassword" value="«config:quoted|xml»"/>
    <add value="«config:pw»" key="LdapBindPassword"/>
  </appSettings>
  <system.web>
    <machineKey validationKey="«config:HEX32»" decryptionKey="«config:HEX32»" validation="«=HMACSHA256»" decryption="«=AES»" />
    <identity impersonate="true" userName="«user:svc1»" password="«config:pw»" />
  </system.web>
  <runtime>
    <assemblyIdentity name="«=Newtonsoft.Json»" publicKeyToken="«=30ad4fe6b2a6aeed»" culture="neutral" />
    <bindingRedirect oldVersion="«=0.0.0.0-13.0.0.0»" newVersion="«=13.0.0.0»" />
  </runtime>
</configuration>
### opt/tomcat/conf/tomcat-users.xml | xml | 1
<tomcat-users xmlns="http://tomcat.apache.org/xml" version="«=1.0»">
  <!-- «=passwords are digested with CredentialHandler» -->
  <role rolename="«=manager-gui»"/>
  <user username="«user:adm»" password="«config:pw»" roles="«=manager-gui,admin-gui»"/>
  <user password='«config:quoted|xml»' roles="«=manager-script»" username="deploy"/>
</tomcat-users>
### opt/keycloak/realm-export.json | json | 1
{
  "realm": "prod",
  "accessTokenLifespan": «=300»,
  "passwordPolicy": "«=length(12) and digits(1)»",
  "resetPasswordAllowed": «=true»,
  "clients": [
    {"clientId": "«=orders-web»", "secret": "«config:alnum32»", "publicClient": «=false», "redirectUris": ["https://«host:web1»/*"]},
    {"clientId": "account", "publicClient": «=true», "attributes": {"client.secret.creation.time": "«=1728631234»"}}
  ],
  "components": {"org.keycloak.keys.KeyProvider": [
    {"name": "rsa-generated", "config": {"privateKey": ["«key:b64_700»"], "priority": ["«=100»"], "certificate": ["«b:b64_700»"]}},
    {"name": "hmac-generated", "config": {"kid": ["«b:id»"], "secret": ["«config:url32»"], "algorithm": ["«=HS256»"]}}
  ]},
  "smtpServer": {"host": "«host:mx1»", "user": "«mail:ops»", "password": "«config:pw»"},
  "users": [{"username": "«user:adm»", "email": "«mail:adm»", "credentials": [{"type": "password", "secretData": "{\"value\":\"«hash:b64_64»\",\"salt\":\"«?c2FsdHNhbHRzYWx0»\"}", "credentialData": "{\"hashIterations\":«=27500»,\"algorithm\":\"«=pbkdf2-sha256»\"}"}]}]
}
### etc/grafana/grafana.ini | ini | 1
[server]
domain = «host:mon1»
«=root_url = %(protocol)s://%(domain)s/»
[database]
url = mysql://grafana:«url:pw»@«ip4:db1»:3306/grafana
;password =
[security]
admin_user = «user:adm»
admin_password = «config:phrase»
secret_key = «config:alnum20»
«=cookie_samesite = lax»
«=disable_brute_force_login_protection = false»
[smtp]
password = """«config:odd»"""
[auth.generic_oauth]
client_id = «=grafana»
client_secret = «config:url32»
token_url = https://«host:sso1»/oauth/token
[auth.ldap]
«=config_file = /etc/grafana/ldap.toml»
### etc/grafana/ldap.toml | toml | 1
[[servers]]
host = "«host:dc1»"
«=port = 636»
bind_dn = "cn=grafana,ou=svc,«?dc=rosenqvist,dc=se»"
bind_password = """«config:quoted»"""
search_filter = "(sAMAccountName=%s)"
client_key = "«=/etc/ssl/grafana.key»"
