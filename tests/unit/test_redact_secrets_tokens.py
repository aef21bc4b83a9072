"""Tokens of published forms, credentials in URLs and DSNs, headers, cookies, forms."""
# ruff: noqa: E501 -- an example is one line, however long

from __future__ import annotations

import pytest

from tests.unit.redact_secrets_stage import check, examples

TOKENS = r"""
GITHUB_TOKEN=⟦gh‡p_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8⟧
remote: https://⟦gh‡s_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8⟧@github.com/x/y.git
pushed with ⟦glp‡at-A1b2C3d4E5f6G7h8I9j0⟧ to origin
AccessKeyId: ⟦AK‡IAQX7LM3NPZ4RT5VWY⟧
⟦AK‡IAQX7LM3NPZ4RT5VWY⟧,⟦abcdefghij1234567890ABCDEFGHIJ/+34567890⟧
slack hook https://hooks.slack.com/services/⟦T0‡1ABCDEF/B01ABCDEF/a1b2c3d4e5f6g7h8i9j0k1l2⟧ ok
using key ⟦AI‡zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q⟧ now
"event":"charge","key":"⟦sk_‡live_A1b2C3d4E5f6G7h8I9j0K1l2⟧"
SendGrid ⟦SG‡.abcdefghijklmnopqrstuv.ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg⟧
cookie jwt ⟦ey‡JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123_-x⟧ expired
"id":"⟦ey‡JhbGciOiJSU0EtT0FFUCJ9.abc.def.ghi.jkl⟧"
line\n⟦np‡m_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8⟧\nnext
AGE key ⟦AGE‡-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ⟧
SENTRY=https://⟦0123456789abcdef0123456789abcdef⟧@o1.ingest.sentry.io/123
otpauth://totp/x:bob?secret=⟦JBSWY3DPEHPK3PXP⟧&issuer=x
vault ⟦hv‡s.CAESIJabcdefghijklmnopqrstuvwxyz012345⟧ ok
bot https://api.telegram.org/bot⟦12‡3456789:AAabcdefghijklmnopqrstuvwxyz0123456⟧/getMe
⟦xo‡xb-123456789012-1234567890123-abcdefghijklmnopqrstuvwx⟧
DefaultEndpointsProtocol=https;AccountName=x;AccountKey=⟦abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/abcdefghijklmnopqrstuv==⟧;EndpointSuffix=core.windows.net
Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=⟦abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG=⟧
https://x.blob.core.windows.net/c?sv=2020-08-04&ss=b&se=2026-01-01T00:00:00Z&sp=rwdl&sig=⟦abc%2Bdef%2Fghi%3D⟧
https://s3.amazonaws.com/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Security-Token=⟦IQoJb3JpZ2luX2VjEabc⟧&X-Amz-Signature=⟦fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024⟧
https://storage.googleapis.com/b/o?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Signature=⟦abcdef0123456789⟧&X-Goog-Expires=900
"""

URLS = r"""
mongodb+srv://admin:⟦S3cr%40t!⟧@cluster0.abc.mongodb.net/db?retryWrites=true
amqp://guest:⟦guest⟧@rabbit:5672//
DATABASE_URL=postgresql://app:⟦x:y@z⟧@10.0.0.5/app
jdbc:mysql://db:3306/x?user=bob&password=⟦p4ss⟧&useSSL=false
jdbc:sqlserver://db:1433;databaseName=x;user=sa;password=⟦P@ss w0rd⟧;encrypt=true
jdbc:oracle:thin:scott/⟦tiger⟧@db:1521:orcl
jdbc:postgresql://db/x?user=bob&password=⟦abc⟧
Driver={ODBC Driver 17 for SQL Server};Server=x;UID=sa;PWD=⟦a{b}c⟧;Encrypt=yes
Data Source=x;Initial Catalog=y;User ID=z;Password="⟦a;b⟧";MultipleActiveResultSets=True
host=db port=5432 user=app password='⟦it\'s⟧' sslmode=require
dsn="host=db user=app password=⟦abc$1⟧ dbname=x"
smtp://user%40example.com:⟦p%23ss⟧@smtp.example.com:587
connecting to redis://default:⟦abc/def+gh==⟧@cache.example.com:6379/1 now
error: dial "ftp://bob:⟦s3c⟧@files/x": timeout
clone https://oauth2:⟦tok123abc⟧@gitlab.example.com/g/p.git
proxy=http://bob:⟦pw1⟧@proxy:3128/
app:⟦pa:ss@wd⟧@tcp(db:3306)/app?parseTime=true
https://example.com/reset?token=⟦abcdef123456⟧#top
https://example.com/#access_token=⟦abcdef123456⟧&token_type=bearer&expires_in=3600
/webhook?apikey=⟦12345678901234567890⟧&x=1
GET /login?user=bob&password=⟦p%40ss+word⟧ HTTP/1.1" 200
"""

HEADERS = r"""
> Authorization: Bearer ⟦abcdef1234567890⟧
-H 'X-Auth-Token: ⟦abc123def⟧'
x-amz-security-token: ⟦FwoGZXIvYXdzEabcdef⟧
Cookie: JSESSIONID=⟦0123456789ABCDEF0123456789ABCDEF⟧; theme=dark; _ga=⟦GA1.2.123456789.1600000000⟧
"set-cookie":["sid=⟦abc123def456⟧; Path=/; HttpOnly","lang=en; Path=/"]
set-cookie: __Host-session=⟦abcdef.ghijkl-123⟧; Secure; SameSite=Lax; Expires=Wed, 21 Oct 2026 07:28:00 GMT
'Authorization': 'Basic ⟦dXNlcjpwYXNzd29yZA==⟧',
authorization=[Bearer ⟦abc.def-123⟧]
Authorization: OAuth oauth_consumer_key="⟦xvz1⟧", oauth_nonce="⟦kYjzVBB8Y0⟧", oauth_signature="⟦tnnArxj06cWHq44gCs1OSKk%2FjLY%3D⟧", oauth_token="⟦370773112-GmHxM⟧", oauth_version="1.0"
HTTP_AUTHORIZATION=Bearer ⟦abcdef123⟧
X-CSRF-Token: ⟦abcdef123456⟧
Ocp-Apim-Subscription-Key: ⟦0123456789abcdef⟧
api-key: ⟦abcdef0123⟧
grant_type=password&username=bob&password=⟦p%40ss⟧&client_id=web&client_secret=⟦abc-123⟧
grant_type=refresh_token&refresh_token=⟦abc.DEF⟧
csrfmiddlewaretoken=⟦AbC123def456⟧&username=bob&password=⟦xy⟧
_csrf=⟦abcDEF123456789⟧&email=b%40x.com
<input type="hidden" name="csrf_token" value="⟦abc123DEF⟧">
<input type="password" name="password" value="⟦hunter2⟧"/>
curl -s -b "session=⟦abc123def456⟧; x=1" https://x
proxy-authorization: Digest username="b", nonce="⟦abc1⟧", response="⟦0123456789abcdef0123456789abcdef⟧", uri="/"
"""

MORE = r"""
Authorization: Basic ⟦dXNlcjpwYXNzd29yZA==⟧
authorization: Bearer ⟦abcdef123456⟧
Authorization: Digest username="bob", realm="x", nonce="⟦abc⟧", uri="/", response="⟦6629fae49393a05397450978507c4ef1⟧"
Authorization: AWS4-HMAC-SHA256 Credential=⟦AK‡IAIOSFODNN7EXAMPL2/20130524/us-east-1/s3/aws4_request⟧, SignedHeaders=host;range, Signature=⟦fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024⟧
"headers":{"Authorization":"Token ⟦abc123def456⟧","Cookie":"sid=⟦abc123def⟧; theme=dark"}
Cookie: session=⟦eyJ1IjoxfQ.abc⟧; csrftoken=⟦Zx81kdkd⟧; lang=en
Set-Cookie: sid=⟦s%3Aabcdef123.xyz⟧; Path=/; HttpOnly; Max-Age=3600
curl -H "Authorization: Bearer ⟦abc123xyz789⟧" -b 'sid=⟦abc123def⟧' http://x
X-Api-Key: ⟦12345abcdef⟧
X-Vault-Token: ⟦s.abc123⟧
PRIVATE-TOKEN: ⟦abcd1234⟧
Proxy-Authorization: Negotiate ⟦YIIabcdEFG123==⟧
"Bearer token" is needed, Basic authentication, bearer authentication
root:⟦$6$abc12345$1234567890abcdefghijklmnopqrstuvwxyz./ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890abcdefgh⟧:19000:0:99999:7:::
bob:⟦$apr1$abcdefgh$1234567890abcdefghij./⟧
⟦$2y$10$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234⟧
userPassword: ⟦{SSHA}abcdefghijklmnopqrstuvwx==⟧
userPassword:: ⟦e1NTSEF9YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4⟧
'⟦md5c4ca4238a0b923820dcc509a6f75849b⟧' md5sum: c4ca4238a0b923820dcc509a6f75849b
⟦pbkdf2_sha256$260000$abcdefgh$abcdefghijklmnopqrstuvwxyz0123456789ABCDEF=⟧
Administrator:500:⟦aad3b435b51404eeaad3b435b51404ee:31d6cfe0d16ae931b73c59d7e0c089c0⟧:::
IDENTIFIED BY PASSWORD '⟦*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19⟧'
 username bob password 7 ⟦0822455D0A16⟧
sed 's/\(a\)/$1$2/'
{"key":"-----‡BEGIN RSA PRIVATE KEY-----\n⟦MIIEpAIBAAKCAQEA1234567890abcdef\nabcdefgh==⟧\n-----END RSA PRIVATE KEY-----\n"}
KEY="-----‡BEGIN EC PRIVATE KEY-----\n⟦MHcCAQEEIabcdef1234567890⟧
tls.key: ⟦LS0t‡LS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFcEFJQkFBS0NBUUVBMTIzNDU2Nzg5MAo=⟧
tls.crt: LS0t‡LS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUVwQUlCQUFLQ0FRRUExMjM0NTY3ODkwCg==
{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","d":"⟦jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI⟧"}
"""


@pytest.mark.parametrize(
    "example", [*examples(TOKENS), *examples(URLS), *examples(HEADERS), *examples(MORE)]
)
def test_what_is_marked_goes_and_the_rest_stays(example: str) -> None:
    check(example)
