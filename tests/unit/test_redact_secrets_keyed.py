"""Values under a name: environments, settings, code, reprs, JSON, markup, sentences."""
# ruff: noqa: E501 -- an example is one line, however long

from __future__ import annotations

import pytest

from tests.unit.redact_secrets_stage import check, examples

SETTINGS = r"""
SECRET_KEY_BASE=⟦0123456789abcdef0123456789abcdef⟧
DJANGO_SECRET_KEY='⟦django-insecure-a$b#c%d^e&f*g(h)⟧'
SMTP_PASS="⟦p@ss#1⟧"
REDIS_PASSWORD=⟦a=b=c⟧
  export AWS_SECRET_ACCESS_KEY=⟦abcdefghij1234567890ABCDEFGHIJ/+34567890⟧
set DB_PASS=⟦hunter2⟧
$env:API_TOKEN = "⟦abc123⟧"
ENV DB_PASSWORD ⟦hunter2⟧
ARG TOKEN=⟦abc123⟧
db.password=⟦abc123⟧
spring.datasource.password: ⟦abc!23⟧
password = "⟦hunter2⟧"
  api_key: ⟦abcd-1234⟧
const apiKey = '⟦abc123⟧';
var password string = "⟦hunter2⟧"
private static final String DB_PASSWORD = "⟦hunter2⟧";
$db_pass = '⟦hun\'ter⟧';
define('DB_PASSWORD', '⟦hunter2⟧');
define( "AUTH_KEY", "⟦put your-unique phrase |here!⟧" );
client = Client(api_key="⟦abc123⟧", timeout=5)
conn = psycopg2.connect(host="x", password="⟦hunter2⟧")
mysql_connect("localhost", "root", "⟦pw⟧")
os.environ["API_TOKEN"] = "⟦abc123⟧"
process.env.TOKEN = '⟦abc123⟧'
Password: "⟦hunter2⟧",
"password": "⟦hun,ter⟧",
'secret' => '⟦abc⟧',
let token: String = "⟦abc123⟧".to_string();
[password] = ⟦abc⟧
requirepass ⟦foobared1⟧
rootpw ⟦secret1⟧
bindpw ⟦s3cret⟧
password ⟦hunter2⟧
secret_key=⟦abc⟧ ; production
API_KEY=⟦abc⟧ # prod key
#API_KEY=⟦abc123⟧
# password = ⟦hunter2⟧
// password: "⟦hunter2⟧"
-- password = '⟦hunter2⟧'
PGPASSWORD='⟦p w⟧' pg_dump -h x db
DB_PASSWORD=⟦hunter2⟧ DB_USER=bob ./start
env TOKEN=⟦abc⟧ FOO=1 cmd
jwt.secret = ⟦abc⟧
encryption_key: "⟦0123456789abcdef⟧"
signingKey=⟦abc⟧
webhook_secret: ⟦abc⟧
AUTH0_CLIENT_SECRET=⟦abc-DEF_123⟧
STRIPE_WEBHOOK_SECRET=⟦abc⟧
X_AUTH_TOKEN=⟦abc⟧
license_key = ⟦ABCD-1234-EFGH-5678⟧
psk=⟦my wifi pass⟧
wpa_passphrase=⟦my wifi pass⟧
erlang.cookie = ⟦ABCDEFGHIJKLMNOPQRST⟧
rabbitmq.default_pass = ⟦hunter2⟧
ssl_key_password ⟦hunter2⟧;
auth_basic_user_file /etc/nginx/.htpasswd;
proxy_set_header Authorization "Basic ⟦dXNlcjpwYXNzd29yZA==⟧";
proxy_set_header X-Api-Key ⟦abc123⟧;
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="bob" password="⟦hunter2⟧";
ssl.keystore.password=⟦changeit⟧
//registry.npmjs.org/:_authToken=⟦abc-123⟧
_auth=⟦dXNlcjpwYXNzd29yZA==⟧
_password=⟦aHVudGVyMg==⟧
machine github.com login bob password ⟦hunter2⟧
aws_secret_access_key = ⟦abcdefghij1234567890ABCDEFGHIJ/+34567890⟧
oauth_token: ⟦abc⟧
PrivateKey = ⟦yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=⟧
PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
PresharedKey = ⟦FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=⟧
identity "bob" psk "⟦abc⟧"
secrets: ["⟦abc123xyz⟧"]
ro_community = ⟦s3cr3tRO⟧
rocommunity ⟦s3cr3tRO⟧ 10.0.0.0/8
createUser bob SHA "⟦authpw12⟧" AES "⟦privpw12⟧"
user default on >⟦hunter2⟧ ~* +@all
password: !!str ⟦abc⟧
password: &pw ⟦abc⟧
token: >-
pass: ⟦hunter2⟧
pw: "⟦abc⟧"
adminPassword: ⟦Abc123!⟧
initial_root_password: ⟦abc⟧
tls_key_passphrase: ⟦abc def ghi⟧
{"db":{"password":"⟦a\\b⟧","port":1}}
{"password": "⟦p\u00e4ss⟧"}
{ "secret" : "⟦abc⟧" , "x" : true }
{\"token\":\"⟦abc⟧\",\"n\":1}
{apiKey: '⟦abc⟧', port: 1}
a: {user: bob, password: ⟦abc⟧, port: 1}
- {name: DB_PASSWORD, value: "⟦abc⟧"}
<entry key="db.password">⟦abc⟧</entry>
<connectionString>Server=x;Password=⟦abc⟧;</connectionString>
<add name="x" connectionString="Data Source=x;Password=⟦abc⟧;User ID=y" />
<apiKey><![CDATA[⟦a<b⟧]]></apiKey>
<server><id>x</id><username>bob</username><password>⟦{abc=}⟧</password></server>
<user name="bob" password="⟦abc⟧"/>
<Password>⟦p&amp;w⟧</Password>
<key>api_token</key><string>⟦abc⟧</string>
<string name="api_key">⟦abc123⟧</string>
"""

REPRS = r"""
DB_PASSWORD=⟦hunter2⟧
DB_PASSWORD=⟦p@ss,w0rd;x"y⟧
DB_PASSWORD="⟦two words⟧" # comment
export API_KEY='⟦abc def⟧'
password = ⟦my pass word⟧ ; comment
PASSWORD=⟦abc⟧ ./run.sh --x
FOO_TOKEN=⟦abc123⟧ python3 manage.py
2024-01-01T00:00:00Z INFO login password=⟦abc123⟧, user=bob
{"user":"bob","password":"⟦a\"b,c⟧","n":1}
{"msg":"{\"user\":\"bob\",\"password\":\"⟦a b c⟧\"}","n":1}
{"msg":"{\"x\":\"{\\\"password\\\":\\\"⟦q w e⟧\\\",\\\"z\\\":1}\"}"}
level=info msg="ok" token=⟦abcdef123⟧ user=x
level=info msg="x" password="⟦two words⟧" user=x
User{name='bob', password='⟦x y⟧', role=a}
User(name=bob, password=⟦abc def⟧, role=x)
{User:bob Password:⟦xyz zzy⟧ Port:5432}
&{User:bob Password:⟦xyz⟧ Port:5432 ApiKey:⟦abcdef⟧}
{'password': '⟦x⟧', 'b': b'q'}
{:password=>"⟦x⟧", :user=>"b"}
Server=x;User Id=sa;Password=⟦a b c⟧;Encrypt=true
"ConnectionStrings": "Server=x;Password=⟦abc!⟧;Database=z"
AccountName=x;AccountKey=⟦abcd+/==⟧;EndpointSuffix=core.windows.net
host=db user=x password=⟦y⟧ dbname=z
postgres://bob:⟦p@ss/w0rd⟧@db.example.com:5432/x?sslmode=off
redis://:⟦pw⟧@redis:6379/0
https://medium.com/@user/x
https://user:⟦pa%40ss⟧@host/path/@scope/pkg
"https:\/\/bob:⟦secret1⟧@host\/x"
root:⟦pa@ss⟧@tcp(127.0.0.1:3306)/db
GET /x?token=⟦abc123def⟧&page=2&sig=⟦a%2Fb%3D⟧ HTTP/1.1
GET /cb?code=⟦4%2F0AdQt8qh123456789⟧&state=x HTTP/1.1
<password>⟦hunter2⟧</password><user>bob</user>
<add key="ApiKey" value="⟦abc123xx⟧"/>
<property name="password" value="⟦x y z⟧"/>
{"name":"DB_PASSWORD","value":"⟦abc⟧"}
password is ⟦hunter2⟧
A temporary password is generated for root@localhost: ⟦qGh4!xk2d⟧
connected with password '⟦abc def⟧' to db
params[:password] = "⟦x⟧"
config['db']['password'] = '⟦x⟧';
$config["password"] = "⟦x⟧";
user[password]=⟦x⟧&user[name]=bob
username=bob&password=⟦p%40ss⟧&submit=1
- DB_PASSWORD=⟦abc def⟧
  password: ⟦correct horse battery staple⟧
password: "⟦it's⟧"
Environment="DB_PASSWORD=⟦two words⟧" "X=1"
Environment=DB_PASSWORD=⟦abc⟧ FOO=1
docker run -e DB_PASSWORD=⟦abc⟧ -e FOO=1 img
api key: ⟦ABC-123-xyz⟧
passphrase: ⟦correct horse battery staple⟧
{"Authorization":"Bearer ⟦abc.def.ghi123⟧"}
curl --api-key=⟦xyz123⟧ --token ⟦abc⟧
<Setting secret="⟦abc⟧" x="1"/>
["password"] = "⟦x⟧",
MYSQL_PWD=⟦abc⟧ PWD=/root
token: null
"body":"user=x\npassword=⟦abc⟧\nfoo"
"""


@pytest.mark.parametrize("example", [*examples(SETTINGS), *examples(REPRS)])
def test_what_is_marked_goes_and_the_rest_stays(example: str) -> None:
    check(example)
