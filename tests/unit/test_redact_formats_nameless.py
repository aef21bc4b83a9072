"""Text without a file's name: what its name would tell has to be told by what is in it."""

import pytest

from tests.unit.redact_formats_stage import claimed, cut, redacted, told

CASES = {
    "a password": "⟦kX9!vRt2#Lm8qZ⟧\n",
    "a key in base 64": "⟦q83vEjRWeJCrze8SNFZ4kA==⟧\n",
    "a key in hexadecimal": "⟦" + "0f1e2d3c4b5a6978" * 4 + "⟧\n",
    "a cookie of Erlang": "⟦QWERTYUIOPASDFGHJKLZ⟧",
    "a seed of one-time codes": "⟦JBSWY3DPEHPK3PXPJBSW⟧\n",
    "a user and a password": "vpn-bob\n⟦Tr0ub4dor&3x⟧\n",
    "exim's client": """
### target.example.org:login:password
*.example.org:bob@example.org:⟦sm4rt:host⟧
mail.example.net:relay:⟦r3lay⟧
""",
    "davfs2": """
# mount point, user, password
https://dav.example.org/files bob "⟦dav pw⟧"
/home/bob/dav bob ⟦t3nfold⟧
""",
    "dovecot": "bob:{PLAIN}⟦secret1⟧\neve:{SHA512-CRYPT}⟦$6$abc$def⟧\n",
    "turnserver": "realm=example.org\nlt-cred-mech\nuser=bob:⟦turnpw⟧\n",
    "curl": 'silent\nuser = "bob:⟦curl pw⟧"\n',
    "vpnc": "IPSec gateway vpn.example.org\nIPSec ID staff\nIPSec secret ⟦grp s3cret⟧\n",
    "Java": "public class Db {\n  void f() { source.setPassword(\"⟦j4va⟧\"); }\n}\n",
    "C#": "// of the client\nnamespace A;\nclass B { string apiKey = \"⟦cs-key-1234⟧\"; }\n",
    "Ruby": "# config\nRails.application.configure do\n  config.password = '⟦ru by⟧'\nend\n",
    "Lua": "-- auth\nlocal conf = { password = \"⟦lua pw⟧\" }\n",
    "Rust": 'use std::env;\nlet password = "⟦rust pw⟧";\n',
    "YAML with blocks": """
app:
  script: |
    if [ a = b ]; then
      echo c
    fi
  url: http://a.example.org/?a=b
  password: "⟦bl0ck pw⟧"
""",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_redacts(case: str) -> None:
    before, after = told(CASES[case].removeprefix("\n"))
    assert redacted("", before) == after


BENIGN = (
    "4.2.0-rc1+build.17\n",
    "web-03.example.org\n",
    "0123456789abcdef0123456789abcdef\n",
    "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567\n",
    "6f1ed002-ab5f-4c7b-9a3c-0d2b0f3b1a11\n",
    "2026-11-21T10:00:00Z\n",
    "/usr/share/zoneinfo/Europe/Zurich\n",
    "Europe/Zurich\n",
    "Linux\n",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
    "52:54:00:ab:cd:ef\n",
    '{"a":{"b":"Xy9","c":"Qw8er7T"},"d":[1,2]}\n',
    "bob@example.org\n",
    "https://example.org/a/B9c?d=E1\n",
    "Debian GNU/Linux 12\n",
    "hello\nworld\n",
    "tcp6 0 0\nudp 1 2\n",
    "1700000000\n12.5\n",
    "root:x:0:0:root:/root:/bin/bash\n",
    "10.0.0.1:8080:web\n",
    "files.example.org:/srv/a\nfiles.example.org:/srv/b\n",
    "img.example.org:80:403\n",
    "http://a.example.org/ 200 12ms\n",
)


@pytest.mark.parametrize("text", BENIGN)
def test_leaves_alone(text: str) -> None:
    assert cut(text.encode(), claimed("", text.encode())[1]) == text.encode()


@pytest.mark.parametrize("name", ["etc/machine-id", "var/lib/app/state", "srv/notes.txt"])
def test_a_file_with_a_name_is_judged_by_it(name: str) -> None:
    data = b"kX9!vRt2#Lm8qZ\n"
    assert cut(data, claimed(name, data)[1]) == data
