"""The gateway behind a real nginx, with the configuration of `examples/nginx`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from resolvers.viewer import Caller
from tests.conftest import ROOT
from tests.listening import PATIENCE, Server, free_port, serving, wait_for

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(not NGINX, reason="nginx is not installed (apt-get install nginx-light).")
EXAMPLE = ROOT / "examples" / "nginx" / "passerelle.conf"
PLACES = 5
AROUND = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/passerelle.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """nginx in front of a gateway."""

    server: Server
    folder: Path
    port: int
    trust: ssl.SSLContext

    @property
    def address(self) -> str:
        """Host and port that clients know."""
        return f"localhost:{self.port}"

    def client(self, source: str) -> httpx.Client:
        """A client at an address."""
        transport = httpx.HTTPTransport(verify=self.trust, local_address=source)
        return httpx.Client(base_url=f"https://{self.address}", transport=transport, timeout=PATIENCE)

    def listening(self, source: str, origin: str | None = None) -> connect:
        """A WebSocket of a client at an address.

        Not the threaded client, which reads and writes one TLS connection at once: with it, connections ended
        now and then without a word in any log.
        """
        return connect(
            f"wss://{self.address}/graphql",
            ssl=self.trust,
            subprotocols=[Subprotocol("graphql-transport-ws")],
            origin=Origin(origin) if origin else None,
            local_addr=(source, 0),
            open_timeout=PATIENCE,
        )


def certify(folder: Path) -> ssl.SSLContext:
    """Make a certificate for localhost; returns what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "passerelle.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "passerelle.key").write_bytes(private)
    return ssl.create_default_context(cafile=str(folder / "passerelle.pem"))


def adapted(folder: Path, gateway: int, port: int) -> str:
    """The example, with the paths, ports and limits of a test; each must be in it."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for written, wanted in {
        "127.0.0.1:8000": f"127.0.0.1:{gateway}",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "/etc/ssl/": f"{folder}/",
        "/var/log/nginx/": f"{folder}/",
        "limit_conn passerelle_connections 200;": f"limit_conn passerelle_connections {PLACES};",
    }.items():
        assert written in text
        text = text.replace(written, wanted)
    return text


@pytest.fixture(scope="module")
def proxy(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A gateway, and nginx in front of it."""
    folder, port = tmp_path_factory.mktemp("proxy"), free_port()
    shutil.copyfile(sqlite_template, folder / "own.db")
    trust = certify(folder)
    with serving(f"sqlite:///{folder / 'own.db'}", folder) as server:
        (folder / "passerelle.conf").write_text(adapted(folder, server.settings.port, port))
        around = AROUND.format(folder=folder, user="user root;" if os.getuid() == 0 else "")
        (folder / "nginx.conf").write_text(around)
        nginx = subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")])
        found = Proxy(server, folder, port, trust)
        try:
            with found.client("127.0.0.1") as client:
                wait_for(nginx, lambda: client.get("/healthz"))
            yield found
        finally:
            nginx.terminate()
            nginx.wait()


def test_the_client_behind_the_proxy_is_known_and_not_who_it_claims_to_be(proxy: Proxy) -> None:
    with proxy.client("127.0.0.9") as client:
        answer = client.post(
            "/graphql",
            params={"secret": "SECRET"},
            json={"query": "{ __typename }"},
            headers={"X-Forwarded-For": "203.0.113.7"},
        )
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    log = proxy.server.log.read_text()
    assert '127.0.0.9:0 - "POST /graphql HTTP/1.1" 200' in log and "203.0.113.7" not in log
    assert "SECRET" not in log + (proxy.folder / "passerelle.log").read_text()


async def test_pages_of_the_proxys_origin_listen_and_others_do_not(proxy: Proxy) -> None:
    async with proxy.listening("127.0.0.10", f"https://{proxy.address}") as socket_:
        await socket_.send('{"type": "ping"}')
        assert json.loads(await asyncio.wait_for(socket_.recv(), PATIENCE)) == {"type": "pong"}
    with pytest.raises(InvalidStatus, match="403"):
        await proxy.listening("127.0.0.10", "https://evil.example")


def test_events_come_through_at_once(proxy: Proxy) -> None:
    token = proxy.server.token(Caller("GUARDIAN", "somebody"))
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    query = {"query": "subscription { messageReceived { cursor } }"}
    with (
        proxy.client("127.0.0.11") as client,
        client.stream("POST", "/graphql", json=query, headers=headers) as response,
    ):
        assert next(response.iter_lines()) == ": ping"


def test_half_a_head_is_given_up_before_the_gateway_hears_of_it(proxy: Proxy) -> None:
    # The example's 10 seconds, not fewer: the TLS of every other test has to finish within them too.
    raw = socket.create_connection(("127.0.0.1", proxy.port), PATIENCE)
    with proxy.trust.wrap_socket(raw, server_hostname="localhost") as secure:
        secure.sendall(b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Ty")
        answer = b""
        while part := secure.recv(4096):
            answer += part
    assert answer == b"" or b" 408 " in answer


def test_a_body_too_large_stops_at_the_proxy(proxy: Proxy) -> None:
    with proxy.client("127.0.0.12") as client:
        assert client.post("/graphql", json={"query": "#" * 300_000}).status_code == 413
    assert "127.0.0.12" not in proxy.server.log.read_text()


async def test_one_address_has_a_limited_number_of_connections_and_others_keep_theirs(proxy: Proxy) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(PLACES):
            await stack.enter_async_context(proxy.listening("127.0.0.13"))
        with pytest.raises(InvalidStatus, match="429"):
            await proxy.listening("127.0.0.13")
        await stack.enter_async_context(proxy.listening("127.0.0.14"))
