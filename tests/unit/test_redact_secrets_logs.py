"""Logs that quote objects, requests and statements; and more command lines."""
# ruff: noqa: E501 -- an example is one line, however long

from __future__ import annotations

import pytest

from tests.unit.redact_secrets_stage import check, examples

REPRS = r"""
INFO Config(host='db', port=5432, password='⟦p,w'x⟧', ssl=True)
DEBUG User(id=1, name="bob", password_hash="⟦abc$def⟧", active=True)
#<User id: 1, email: "b@x", encrypted_password: "⟦abc⟧", reset_password_token: "⟦tok⟧", created_at: "2026-01-01">
main.Config{Host:"db", Port:5432, Password:"⟦p w⟧", Token:"⟦abc⟧"}
&config.DB{User:"x", Password:"⟦abc⟧"}
{Host:db Port:5432 Password:⟦abc⟧ TLS:true}
map[host:db password:⟦abc⟧ port:5432]
map[string]string{"password":"⟦abc⟧", "user":"x"}
Credentials[username=bob, password=⟦abc⟧]
DataSource{url='jdbc:x', username='bob', password='⟦abc⟧'}
LoginRequest [username=bob, password=⟦hunter2⟧, remember=true]
Some(Config { password: "⟦abc⟧", port: 1 })
{:user "bob" :password "⟦abc⟧" :port 1}
[user: "bob", password: "⟦abc⟧"]
%{"password" => "⟦abc⟧", "user" => "bob"}
Parameters: {"user"=>{"email"=>"b@x", "password"=>"⟦hunter2⟧"}, "commit"=>"Log in"}
array(2) { ["user"]=> string(3) "bob" ["password"]=> string(7) "⟦hunter2⟧" }
    [password] => ⟦hunter2⟧
stdClass::__set_state(array('password' => '⟦abc⟧',))
s:8:"password";s:7:"⟦hunter2⟧";
OrderedDict([('user', 'bob'), ('password', '⟦abc⟧')])
Namespace(user='bob', password='⟦abc⟧', verbose=False)
kwargs={'api_key': '⟦abc⟧'} args=('x',)
environ({'HOME': '/root', 'DB_PASSWORD': '⟦abc⟧'})
env: DB_PASSWORD=⟦abc⟧, DB_USER=bob
export: DB_HOST=x DB_PASSWORD=⟦abc⟧ DB_PORT=1
Environment: [DB_PASSWORD=⟦abc⟧, DB_USER=bob]
"Env":["PATH=/usr/bin","DB_PASSWORD=⟦a b⟧","X=1"]
"Cmd":["--password=⟦abc⟧","--port=1"]
"args": ["--token", "⟦abc⟧", "--port", "1"]
args: ["-c", "PGPASSWORD=⟦abc⟧ psql -h x"]
level=debug msg="exec: mysql -u root -p⟦abc123⟧ db"
level=info msg="login" body="{\"password\":\"⟦abc⟧\",\"user\":\"bob\"}"
{"log":"{\"level\":\"info\",\"password\":\"⟦a\\\"b⟧\"}\n","stream":"stdout"}
{"message":"Using password ⟦hunter2⟧ for bob"}
{"message":"token=⟦abc123def⟧ expires=3600"}
{"request":{"headers":{"x-api-key":["⟦abc123⟧"],"accept":["*/*"]}}}
{"name":"X-Api-Key","value":"⟦abc123⟧"}
[{"Key":"api_secret","Value":"⟦abc⟧"}]
{"ParameterKey":"DBPassword","ParameterValue":"⟦abc⟧"}
request_body="username=bob&password=⟦hunter%212⟧&x=1"
POST /login body: user=bob&pass=⟦hunter2⟧&x=1
DEBUG:urllib3: "POST /oauth/token?client_secret=⟦abc-1⟧ HTTP/1.1" 200
>>> PASS ⟦hunter2⟧
Generated admin password: ⟦aB3$kq9Z⟧
Initial root password: ⟦Xy7!k2⟧
Your new API key is ⟦abcd1234efgh5678⟧. Keep it safe.
*** Temporary password: ⟦Tmp-12345⟧ ***
password set to "⟦abc def⟧"
Password for user bob changed to '⟦N3w!pass⟧'
auth failed for bob with password "⟦abc⟧"
rejecting token ⟦abcdef1234567890⟧ (expired)
using secret ⟦aB3$kq9Z1x⟧ to sign
session_id=⟦a1b2c3d4e5f6a7b8⟧ user=bob
PHPSESSID=⟦a1b2c3d4e5f6a7b8c9d0⟧
"""

STATEMENTS = r"""
LOG:  duration: 1.2 ms  statement: ALTER ROLE bob PASSWORD '⟦abc⟧'
STATEMENT:  CREATE ROLE app LOGIN PASSWORD '⟦s3c⟧' VALID UNTIL 'infinity';
2026-01-01 12 Query	CREATE USER 'x'@'%' IDENTIFIED WITH mysql_native_password BY '⟦abc⟧'
2026-01-01 12 Query	GRANT ALL ON *.* TO 'x'@'%' IDENTIFIED BY '⟦abc⟧'
db.createUser({ user: "x", pwd: "⟦abc⟧", roles: [] })
db.auth("bob", "⟦pw1⟧")
db.changeUserPassword("bob", "⟦abc1⟧")
SELECT * FROM t WHERE api_key = '⟦abc⟧' AND x = 1
SELECT * FROM t WHERE email='b@x' AND password=md5('⟦abc⟧')
UPDATE users SET password_hash='⟦abc⟧', name='x' WHERE id=1
INSERT INTO api_keys(id,token,name)VALUES(1,'⟦abc⟧','x');
INSERT INTO "users" ("id", "secret") VALUES (1, '⟦a''b⟧') RETURNING "id"
CREATE SUBSCRIPTION s CONNECTION 'host=x user=y password=⟦abc⟧ dbname=z' PUBLICATION p;
primary_conninfo = 'host=x user=y password=⟦abc⟧'
primary_conninfo = 'host=x user=y password=''⟦a b⟧'' sslmode=off'
CREATE USER MAPPING FOR bob SERVER s OPTIONS (user 'x', password '⟦abc⟧');
ATTACH DATABASE 'x' AS y KEY '⟦abc⟧';
PRAGMA key = '⟦abc⟧';
"""

COMMANDS = r"""
_EXEC mysql -h x --password='⟦a b⟧' db
"_CMDLINE" : "/usr/bin/app --secret=⟦abc⟧ --port=1",
_CMDLINE=/usr/bin/curl -u bob:⟦abc⟧ https://x
Jan 01 00:00:00 h sudo[1]: bob : COMMAND=/bin/sh -c echo '⟦pw1x⟧' | passwd --stdin bob
(root) CMD (PGPASSWORD=⟦abc⟧ pg_dump x > /tmp/x)
*/5 * * * * root curl -H "X-Api-Key: ⟦abc123⟧" https://x
ExecStart=/usr/bin/env TOKEN=⟦abc⟧ /usr/bin/app
Environment="A=1" "API_TOKEN=⟦a b⟧" B=2
SetCredential=⟦db:hunter2⟧
  41  mysql -uroot -p⟦hunter2⟧
: 1700000000:0;export TOKEN=⟦abc⟧
#1700000000
bob  1234  0.0  0.1 ?  Ss  10:00 0:00 redis-server --requirepass ⟦hunter2⟧
+ curl -u bob:⟦hunter2⟧ https://x
+ export DB_PASSWORD=⟦abc⟧
set -x; PASSWORD='⟦a b⟧'; echo ok
read -s PASSWORD
sshpass -e ssh x
wget --header="Authorization: Bearer ⟦abc123def⟧" https://x
http POST x password=⟦abc⟧ user=bob
git clone https://bob:⟦abc⟧@x/y.git
git remote set-url origin https://⟦abcdefghij0123456789XYZ⟧@x/y.git
svn co --username bob --password '⟦a b⟧' http://x
psql postgresql://bob:⟦abc⟧@x/db -c 'select 1'
sqlplus scott/⟦tiger⟧@orcl
sqlcmd -S x -U sa -P '⟦abc!⟧' -Q "select 1"
mc alias set x https://x AKID ⟦secretkey12⟧
s3cmd --access_key=⟦abc⟧ --secret_key=⟦abc⟧ ls
rclone config create x s3 secret_access_key ⟦abc⟧
gpg --batch --passphrase '⟦a b⟧' -d x
7z x -p⟦abc⟧ a.7z
zip -P ⟦abc⟧ a.zip b
curl -d '{"password":"⟦a b⟧"}' https://x
curl --data "user=bob&password=⟦abc⟧" https://x
curl -H 'PRIVATE-TOKEN: ⟦abc⟧' https://x
curl -H "Authorization: token ⟦abc123⟧" https://x
curl "https://x/?api_key=⟦abc⟧"
openssl pkcs12 -export -passout pass:'⟦a b⟧' -in x
htpasswd -nb bob ⟦abc⟧
ldapmodify -D cn=x -w '⟦a b⟧' -f x
ldappasswd -D cn=x -w ⟦old1⟧ -s ⟦new1⟧ uid=x
smbclient //x/y ⟦hunter2⟧ -U bob
mount.cifs //x/y /z -o user=bob,pass=⟦hunter2⟧
kinit bob <<< '⟦abc⟧'
chpasswd <<< "bob:⟦abc⟧"
printf '%s\n' '⟦abc⟧' | docker login -u x --password-stdin r
usermod --password '⟦abc⟧' bob
etcdctl --user root:⟦abc⟧ get x
rabbitmqctl add_user bob ⟦abc⟧
rabbitmqctl change_password bob ⟦abc⟧
az login --service-principal -u x -p ⟦abc⟧ --tenant y
az storage blob list --account-key ⟦abc==⟧
gcloud sql users set-password x --password=⟦abc⟧
aws rds create-db-instance --master-user-password ⟦abc⟧
aws ssm put-parameter --name /x --type SecureString --value ⟦abc⟧
vault write auth/userpass/users/bob password=⟦abc⟧ policies=x
consul kv put app/db/password ⟦abc⟧
helm install x --set-string auth.password=⟦abc⟧ --set a=1
docker run -e "MYSQL_ROOT_PASSWORD=⟦a b⟧" mysql
docker exec db mysql -uroot -p"⟦abc⟧" x
ansible all -e ansible_become_pass=⟦abc⟧ -m ping
ansible-playbook x -e '{"db_password": "⟦a b⟧"}'
terraform apply -var 'db_password=⟦abc⟧' -var a=1
npm config set //r/:_authToken ⟦abc⟧
ssh-keygen -t rsa -N '⟦abc⟧' -f x
cryptsetup luksOpen /dev/x y <<< '⟦abc⟧'
useradd -p $(openssl passwd -6 '⟦abc⟧') bob
wpa_cli set_network 0 psk '⟦"my pass"⟧'
nmcli con modify x wifi-sec.psk "⟦my pass⟧"
ipmitool -H x -U a -P '⟦a b⟧' power on
snmpwalk -v 2c -c ⟦s3cr⟧ x
mosquitto_pub -u a -P ⟦abc⟧ -t x -m y
influx -username a -password ⟦abc⟧
cqlsh -u a -p ⟦abc⟧
pg_dump "postgres://a:⟦b⟧@c/d"
keytool -importkeystore -srcstorepass ⟦abc⟧ -deststorepass ⟦def1⟧
"""


@pytest.mark.parametrize("example", [*examples(REPRS), *examples(STATEMENTS), *examples(COMMANDS)])
def test_what_is_marked_goes_and_the_rest_stays(example: str) -> None:
    check(example)
