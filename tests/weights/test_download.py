"""Downloads resume, and their hash is checked."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made import call

from boostvsod.errors import WeightsError
from boostvsod.stamps import file_stamp
from boostvsod.weights.download import download


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
        download(f"{server}/raft-small.pth", tmp_path / "got.pth")
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
        download(f"{server}/nothing", tmp_path / "got.pth")
    with pytest.raises(WeightsError, match="only http"):
        download("file:///etc/passwd", tmp_path / "got.pth")


def test_get_from_a_mirror(server: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "1. open https://" in call("weights", "get", "raft-small").output, (
        "there is no direct link to the authors' file"
    )
    done = call("weights", "get", "raft-small", "--mirror", server)
    assert done.exit_code == 0, done.output
    assert [path.name for path in sorted((home / "weights").iterdir())] == ["index.json", "raft-small.pth"]
    assert call("weights", "get", "raft-small", "--mirror", server, "--offline").exit_code == 5
    monkeypatch.setenv("BOOSTVSOD_OFFLINE", "1")
    refused = call("weights", "get", "raft-small", "--mirror", server)
    assert refused.exit_code == 5
    assert "BOOSTVSOD_OFFLINE" in refused.output
