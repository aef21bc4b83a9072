"""Source that configures: literals under secret names go, names and labels stay."""

import pytest

from tests.unit.redact_formats_stage import claimed, cut, redacted, told

CASES = {
    "app/settings.py": """
SECRET_KEY = '⟦django-8f#k2@!x⟧'
DATABASES = {'default': {'USER': 'app', 'PASSWORD': '⟦p@ss"w0rd 1⟧', 'PORT': 5432}}
API_TOKEN = os.environ.get("API_TOKEN", "⟦tok_default_91xK⟧")
api_key: str = "⟦k3y⟧"
PASSWORD_HASHERS = ['django.contrib.auth.hashers.Argon2PasswordHasher']
password = getpass.getpass("Password: ")
url = "postgres://%s:%s@%s" % (user, password, host)
private_key: "ec._EllipticCurvePrivateKey"
token_type = "bearer"
""",
    "app/wp-config.php": """
<?php
define( 'DB_NAME', 'wp' );
define( 'DB_PASSWORD', '⟦w0rdpr3ss!⟧' );
define('AUTH_KEY',         '⟦put(your)u$nique phrase;here⟧');
$cfg['Servers'][$i]['password'] = '⟦c0nf⟧';
$db['default']['password'] = "⟦ci pass⟧";
'password' => env('DB_PASSWORD', '⟦forge1⟧'),
'password' => 'required|min:8',
$password = $_POST['password'];
""",
    "app/config.js": """
module.exports = {
  jwtSecret: process.env.JWT_SECRET || '⟦fallback-jwt⟧',
  db: { user: 'app', password: '⟦n0de pw⟧', host: 'db' },
  token: null, label: { password: 'Password' },
};
const apiKey = `⟦ak_live_998877⟧`;
""",
    "app/config.rb": """
Rails.application.config.secret_key_base = "⟦0f1e2d3c4b5a6978⟧"
config.action_mailer.smtp_settings = { user_name: 'a', password: '⟦m4il⟧', port: 587 }
gitlab_rails['smtp_password'] = "⟦gl smtp⟧"
""",
    "app/main.go": """
const dbPassword = "⟦g0pass⟧"
var cfg = Config{User: "app", Password: "⟦struct pw⟧", Port: 80}
password := os.Getenv("DB_PASSWORD")
""",
    "app/Config.java": """
private static final String API_KEY = "⟦java-key-1234⟧";
dataSource.setPassword("⟦j4va⟧");
String token = request.getHeader("Authorization");
@Value("${db.password:⟦fallback1⟧}") String p;
new UsernamePasswordCredentials("bob", "⟦pw 1⟧");
DriverManager.getConnection(url, "bob", "⟦pw2⟧");
""",
    "etc/rabbitmq/rabbitmq.config": """
[
 {rabbit, [
  {default_user, <<"bob">>},
  {default_pass, <<"⟦r4bbit⟧">>}
 ]}
].
""",
    "etc/prosody/prosody.cfg.lua": """
sql = { driver = "PostgreSQL", username = "p", password = "⟦lua pw⟧" }
""",
}


@pytest.mark.parametrize("name", CASES)
def test_redacts(name: str) -> None:
    before, after = told(CASES[name].lstrip("\n"))
    assert redacted(name, before) == after


BENIGN = {
    "a.py": 'MovedAttribute("HTTPPasswordMgr", "urllib2", "urllib.request")\nTOKENS = {"a", "b"}\n',
    "b.py": 'Token: "#f8f8f2",\npassword_field = "user_password"\nhelp = "the password to use"\n',
    "c.js": "const passwordInput = document.getElementById('password-input');\n",
    "d.php": "<?php $secret = getenv('APP_SECRET'); $token = $this->token();\n",
}


@pytest.mark.parametrize("name", BENIGN)
def test_leaves_alone(name: str) -> None:
    data = BENIGN[name].encode()
    assert cut(data, claimed(name, data)[1]) == data
