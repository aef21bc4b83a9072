"""What only a running machine tells: its settings, its listeners, its failed units."""

import socket

import pytest

from packer.certify.live import running_now

pytestmark = pytest.mark.real


def test_settings_listeners_and_connections_are_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            now = running_now()
    assert now.sysctl["kernel.ostype"] == "Linux"
    assert now.sysctl["net.ipv4.conf.all.rp_filter"] in ("0", "1", "2")
    assert any((each.protocol, each.port) == ("tcp", port) for each in now.sockets)
    assert any(each.port == port for each in now.connections)
    assert now.command_line
