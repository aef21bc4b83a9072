"""XML: elements, attributes, pairs of a name and a value; comments and structure stay."""

from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.redact.formats import xml_files
from tests.unit.redact_formats_stage import cut, redacted, told

CASES = {
    "elements": """
<?xml version="1.0"?>
<!-- <password>old</password> -->
<settings xmlns:x="urn:x">
  <server><id>nexus</id><username>bob</username><password>⟦{COQLCE6DU6GtcS5P=}⟧</password></server>
  <x:apiToken>
    ⟦abc
    def⟧
  </x:apiToken>
  <secret><![CDATA[⟦a<b⟧]]></secret>
  <password></password><password/><token>${env.TOKEN}</token>
  <passwordPolicy>strict</passwordPolicy>
</settings>
""",
    "attributes": """
<tomcat-users>
  <user username="bob" password="⟦s3&quot;cret⟧" roles="admin"/>
  <Connector port="8443" keystorePass='⟦changeit1⟧' keystoreFile="/etc/k.jks"/>
  <Resource password="" url="jdbc:x"/>
</tomcat-users>
""",
    "pairs": """
<configuration>
  <property name="db.password" value="⟦p1⟧"/>
  <property name="db.url" value="jdbc:postgresql://db/app"/>
  <property name="smtp.password">⟦p2⟧</property>
  <entry key="api.key">⟦p3⟧</entry>
  <property><name>dfs.secret.key</name><value>⟦p4⟧</value></property>
  <property><name>dfs.port</name><value>80</value></property>
  <init-param><param-name>adminPassword</param-name><param-value>⟦p5⟧</param-value></init-param>
  <dict><key>Password</key><string>⟦p6⟧</string><key>User</key><string>bob</string></dict>
  <add key="ClientSecret" value="⟦p7⟧" />
  <add name="Db" connectionString="Server=db;User Id=app;Password=⟦p8⟧;Timeout=5" />
</configuration>
""",
}


@pytest.mark.parametrize("case", CASES)
def test_redacts(case: str) -> None:
    before, after = told(CASES[case].lstrip("\n"))
    assert redacted("etc/app/any.xml", before) == after
    assert redacted("stdin", before) == after


TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"
    ),
    max_size=9,
)
SECRET = TEXT.map(lambda text: f"Z9{text.replace(' ', '_')}q7")
KEYS = st.sampled_from(("password", "dbPassword", "api-key", "auth.token"))
PARTS = st.one_of(
    st.tuples(st.sampled_from(("element", "attribute", "pair", "below")), KEYS, SECRET),
    st.tuples(st.sampled_from(("element", "attribute", "pair", "below")), st.just("colour"), TEXT),
)
WAYS = {
    "element": "<{key}>{text}</{key}>",
    "attribute": "<a {key}={quoted} b='1'/>",
    "pair": "<p name='{key}' value={quoted}/>",
    "below": "<p><name>{key}</name><value>{text}</value></p>",
}


@given(st.lists(PARTS))
def test_any_document_keeps_its_shape(parts: list[tuple[str, str, str]]) -> None:
    def document(hidden: bool) -> str:
        said = [
            (way, key, "REDACTED-xml" if hidden and key != "colour" else text)
            for way, key, text in parts
        ]
        lines = [
            WAYS[way].format(key=key, text=escape(text), quoted=quoteattr(text))
            for way, key, text in said
        ]
        return "\n".join(["<?xml version='1.0'?>", "<all>", *lines, "</all>"])

    data = document(hidden=False).encode()
    after = cut(data, xml_files.find(data))
    assert shape(after) == shape(document(hidden=True).encode())


def shape(data: bytes) -> list[tuple[str, str, dict[str, str]]]:
    return [
        (one.tag, (one.text or "").strip(), one.attrib)
        for one in ElementTree.fromstring(data).iter()
    ]


HOSTILE = {
    "open tags": b"<?xml?>" + b"<password>" * 25_000,
    "open attributes": b"<?xml?>" + b'<a b="' * 20_000,
    "comments": b"<?xml?>" + b"<!--" * 30_000,
    "data": b"<?xml?>" + b"<![CDATA[" * 25_000,
    "closing": b"<?xml?>" + b"<a>" * 25_000 + b"</b>" * 25_000,
    "blanks": b"<?xml?><a " + b" " * 20_000 + b"/>",
    "names": b"<?xml?><a " + b"a" * 20_000 + b"/>",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_input_takes_linear_time(case: str) -> None:
    cut(HOSTILE[case], xml_files.find(HOSTILE[case]))
