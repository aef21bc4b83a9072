"""The firewall made from a manifest: what is let in and out, what a manifest may not say."""

import shutil
import subprocess
from pathlib import Path

import pytest

from agent.errors import ManifestError
from agent.manifest.firewall import parse_place
from agent.manifest.reader import parse
from packer.harden.controls import firewall

SHOP = '[appliance]\nname = "shop"\nversion = "1.0"\n[services.web]\ncommand = ["/bin/web"]\n'


def text(more: str = "") -> str:
    return firewall.text(parse(SHOP + more))


def accepted(rules: str) -> str:
    return next(line for line in rules.splitlines() if "tcp dport" in line).strip()


def test_ssh_and_the_probe_come_in_and_nothing_else() -> None:
    rules = text()
    assert accepted(rules) == "tcp dport { 22, 8086 } accept"
    assert rules.count("policy drop;") == 2
    assert "hook output priority 0; policy accept;" in rules


def test_declared_ports_come_in_too() -> None:
    more = "[probe]\nport = 9000\nagent_port = 9001\n[firewall]\nallow = [443, 22]\n"
    assert accepted(text(more)) == "tcp dport { 22, 443, 9000, 9001 } accept"


def test_an_authority_may_ask_for_its_proof() -> None:
    acme = (
        '[certificates.web]\nnames = ["shop.example"]\n[certificates.web.acme]\n'
        'directory = "https://acme.example/directory"\nterms = true\n'
    )
    assert accepted(text(acme)) == "tcp dport { 22, 80, 8086 } accept"


def test_without_a_manifest_the_usual_probe_port_is_open() -> None:
    assert accepted(firewall.text(None)) == "tcp dport { 22, 8086 } accept"


def test_listed_places_are_all_that_is_reached() -> None:
    places = '["10.0.0.0/8:5432", "*:443", "[2001:db8::/32]", "192.0.2.7:514/udp"]'
    rules = text(f"[firewall]\negress = {places}\n")
    assert "hook output priority 0; policy drop;" in rules
    for line in (
        "ip daddr 10.0.0.0/8 tcp dport 5432 accept",
        "    tcp dport 443 accept",
        "ip6 daddr 2001:db8::/32 accept",
        "ip daddr 192.0.2.7/32 udp dport 514 accept",
        # What no VM can be without.
        "ip daddr { 169.254.169.254,",
        "168.63.129.16",
        "udp dport { 67, 123, 547 } accept",
        "th dport 53 accept",
        "nd-neighbor-solicit",
    ):
        assert line in rules


@pytest.mark.parametrize(
    "place",
    ["db.example:5432", "10.0.0.0/8:0", "10.0.0.1/8:443", "*", "*:70000", "10.0.0.1:443/sctp",
     "2001:db8::1", "10.0.0.1; drop", "10.0.0.1:443\n", ""],
)  # fmt: skip
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match=r"place|port|everywhere"):
        parse_place(place)


def test_a_manifest_with_a_wrong_place_names_the_key() -> None:
    with pytest.raises(ManifestError, match=r"(?s)egress.*db\.example"):
        parse(f'{SHOP}[firewall]\negress = ["db.example:5432"]\n')


@pytest.mark.real
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
@pytest.mark.skipif(not shutil.which("nft"), reason="needs nft (apt-get install nftables)")
def test_nft_takes_the_rules_twice(tmp_path: Path) -> None:
    place = tmp_path / "rules"
    egress = '["10.0.0.0/8:5432", "*:443", "[2001:db8::/32]:53/udp", "192.0.2.7"]'
    place.write_text(text(f"[firewall]\nallow = [443]\negress = {egress}\n"))
    load = f"nft -f {place} && nft -f {place} && nft list table inet filter"
    done = subprocess.run(
        ["unshare", "--net", "--map-root-user", "sh", "-c", load], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("chain input") == 1
