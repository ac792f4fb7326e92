"""Downloads resume, their hash is checked, and no address, redirect or answer of a server is trusted."""

from __future__ import annotations

import http.server
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from made import call

from boostvsod import build, registry
from boostvsod.errors import ConfigError, WeightsError
from boostvsod.runtime import Runtime
from boostvsod.stamps import file_stamp
from boostvsod.weights.download import SafeRedirects, download
from boostvsod.weights.files import how_to_get

ANY_HASH = "0" * 64


class Server(http.server.BaseHTTPRequestHandler):
    """Serves one file, in ranges. It can break off in the middle."""

    content = b""
    stop_after = 0
    ranges: list[str | None] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.ranges.append(self.headers.get("Range"))
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if self.path != "/raft-small.pth" or start > len(self.content):
            self.send_error(404)
            return
        body = self.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.stop_after] if self.stop_after else body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server(raft_small_file: Path) -> Iterator[str]:
    Server.content, Server.stop_after, Server.ranges = raft_small_file.read_bytes(), 0, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def test_a_broken_download_is_resumed(server: str, raft_small_file: Path, tmp_path: Path) -> None:
    Server.stop_after = 100_000
    with pytest.raises(WeightsError, match="100000 bytes are saved"):
        download(f"{server}/raft-small.pth", tmp_path / "got.pth", file_stamp(raft_small_file))
    assert not (tmp_path / "got.pth").exists()
    Server.stop_after = 0
    download(f"{server}/raft-small.pth", tmp_path / "got.pth", file_stamp(raft_small_file))
    assert Server.ranges == [None, "bytes=100000-"]
    assert (tmp_path / "got.pth").read_bytes() == Server.content


def test_a_download_with_a_wrong_hash_is_deleted(server: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="expected 123"):
        download(f"{server}/raft-small.pth", tmp_path / "got.pth", "123")
    assert not list(tmp_path.glob("got*"))
    with pytest.raises(WeightsError, match="404"):
        download(f"{server}/nothing", tmp_path / "got.pth", ANY_HASH)
    with pytest.raises(WeightsError, match="only http"):
        download("file:///etc/passwd", tmp_path / "got.pth")


def test_get_from_a_mirror(server: str, raft_small_file: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "1. open https://" in call("weights", "get", "raft-small").output, (
        "there is no direct link to the authors' file"
    )
    given = ["--sha256", file_stamp(raft_small_file).upper()]
    done = call("weights", "get", "raft-small", "--mirror", server, *given)
    assert done.exit_code == 0, done.output
    assert [path.name for path in sorted((home / "weights").iterdir())] == ["index.json", "raft-small.pth"]
    assert call("weights", "get", "raft-small", "--mirror", server, "--offline").exit_code == 5
    monkeypatch.setenv("BOOSTVSOD_OFFLINE", "1")
    refused = call("weights", "get", "raft-small", "--mirror", server, *given)
    assert refused.exit_code == 5
    assert "BOOSTVSOD_OFFLINE" in refused.output


def test_plain_http_needs_a_hash(server: str, home: Path) -> None:
    refused = call("weights", "get", "raft", "--mirror", server)
    assert refused.exit_code == 5
    assert "plain http is not safe without the hash" in refused.stderr
    assert not Server.ranges, "nothing may be asked of the server"
    wrong = call("weights", "get", "raft-small", "--mirror", server, "--sha256", "123")
    assert (wrong.exit_code, "64 hexadecimal digits" in wrong.stderr) == (2, True)


def test_cards_with_a_direct_link_over_plain_http_say_what_is_missing() -> None:
    for name, card in registry.cards().items():
        if card.url.startswith("http://") and not card.sha256:
            assert "--sha256 HASH" in how_to_get(name, card)
            refused = call("weights", "get", name)
            assert (refused.exit_code, "plain http is not safe" in refused.stderr) == (5, True)


REDIRECTS = ["ftp://127.0.0.1/x", "file:///etc/passwd", "data:,x", "gopher://127.0.0.1/"]


@pytest.mark.parametrize("place", REDIRECTS)
def test_redirects_to_other_schemes_are_refused(place: str, tmp_path: Path) -> None:
    answer = f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
    with raw_server(answer.encode()) as url, pytest.raises(WeightsError, match=r"refused|not allowed"):
        download(url, tmp_path / "got", ANY_HASH)
    assert not (tmp_path / "got").exists()


def test_https_is_never_left_for_http() -> None:
    request = urllib.request.Request("https://here/x")
    with pytest.raises(WeightsError, match="not safe"):
        SafeRedirects().redirect_request(request, None, 302, "Found", None, "http://here/x")  # type: ignore[arg-type]


ANSWERS = {
    "nothing": b"",
    "no status": b"hello\r\n\r\n",
    "a bad status": b"HTTP/1.1 abc OK\r\n\r\n",
    "a bad length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nx",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx",
    "bad chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx",
    "a huge header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    "less than promised": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
    "bad bytes": bytes(range(128, 256)),
    "a redirect to itself": b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
}


ends_badly = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # urllib's open sockets


@ends_badly
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_malformed_answer_is_one_line(answer: str, tmp_path: Path) -> None:
    with raw_server(ANSWERS[answer]) as url, pytest.raises(WeightsError) as caught:
        download(url, tmp_path / "got", ANY_HASH)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "got").exists()


@ends_badly
@pytest.mark.parametrize(
    "url", ["http://[::bad/x", "http://a b/x", "http://h:port/x", f"http://{'a' * 70}.b/x", "http:x"]
)
def test_a_malformed_address_is_one_line(url: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        download(url, tmp_path / "got", ANY_HASH)
    assert "\n" not in str(caught.value)


def test_another_part_than_asked_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / "got.part").write_bytes(b"12345")
    answer = b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-3/9\r\nContent-Length: 4\r\n\r\nabcd"
    with raw_server(answer) as url, pytest.raises(WeightsError, match="another part of the file"):
        download(url, tmp_path / "got", ANY_HASH)
    assert not list(tmp_path.glob("got*"))


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """A server that sends the same bytes to everybody, and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("options", "named"),
    [({"pretrained": True, "backbone": "resnet18"}, "'resnet18'"), ({"backbone": "hf-hub:a/b"}, "'hf-hub:a/b'")],
)
def test_offline_binds_timm(options: dict[str, Any], named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOSTVSOD_OFFLINE", "1")
    with pytest.raises(WeightsError, match=f"backbone {named}.* was not downloaded: BOOSTVSOD_OFFLINE is set"):
        build("students", "lite", Runtime(), weights="none", **options)


def test_unknown_backbones_are_named() -> None:
    with pytest.raises(ConfigError, match="backbone 'nosuch': timm has no model"):
        build("students", "lite", Runtime(), weights="none", backbone="nosuch")


def test_offline_binds_the_hub_and_everything_that_opens_addresses() -> None:
    code = """
import os, urllib.request, boostvsod
assert os.environ["HF_HUB_OFFLINE"] == "1"
from huggingface_hub import constants
assert constants.HF_HUB_OFFLINE
try:
    urllib.request.urlopen("http://127.0.0.1:9/x")
except boostvsod.WeightsError as error:
    print(error)
"""
    environment = {**os.environ, "BOOSTVSOD_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout == "http://127.0.0.1:9/x was not downloaded: BOOSTVSOD_OFFLINE is set\n", done.stderr
