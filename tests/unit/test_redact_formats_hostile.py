"""Whatever a file holds, no format breaks on it: it finds spans in order, or says it is not its."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.redact.formats import FORMATS
from support.redact.rule import FormatRule
from tests.unit.redact_formats_stage import cut

PIECES = (
    b'password', b'secret', b'"', b"'", b"''", b'""', b'"""', b"\\", b'\\"', b": ", b":", b"=",
    b" = ", b"\n", b"\r\n", b"\n  ", b"\n- ", b"- ", b"{", b"}", b"[", b"]", b",", b";", b"|",
    b"|\n  ", b">-", b"<", b"</", b"/>", b">", b"<!--", b"<![CDATA[", b"&amp;", b"#", b" # ",
    b"//", b"/*", b"\t", b"  ", b"name", b"value", b"hunter2", b"a", b"1", b"12345", b"$",
    b"${x}", b"\xff", b"\x00", b"\\u0041", b"INSERT INTO a (password) VALUES (",
    b"COPY a (password) FROM stdin;\n", b"<<EOF\n", b"EOF", b"kind: Secret\n", b"data:",
    b"\xef\xbb\xbf", b"machine a login b ", b"://u:p@h", b"REDACTED-json", b"MESSAGE",
    b"[104,105]", b"-----BEGIN RSA PRIVATE KEY-----\n", b"chpasswd:", b"list:", b"&a ", b"*a",
)  # fmt: skip
FILES = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)


@pytest.mark.parametrize("rule", FORMATS, ids=lambda rule: rule.code)
@settings(max_examples=40)
@given(FILES)
def test_a_format_finds_spans_or_refuses(rule: FormatRule, data: bytes) -> None:
    rule.claims("etc/app/some.conf", data[:4096])
    try:
        cut(data, rule.find(data))
    except ValueError:
        return
