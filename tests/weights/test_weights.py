"""Weights of published networks: kept, checked, fetched when asked, and refused with help."""

from __future__ import annotations

import http.server
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from made import QUICK, sets, write_film, write_pictures

from boostvsod import registry
from boostvsod.cli import main
from boostvsod.errors import WeightsError
from boostvsod.media.synthetic import Clip
from boostvsod.offer import Card
from boostvsod.runtime import Runtime
from boostvsod.stamps import file_stamp
from boostvsod.weights.download import download
from boostvsod.weights.files import read_weights, which_fit

CARDS = registry.cards()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOOSTVSOD_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BOOSTVSOD_OFFLINE", raising=False)
    return tmp_path / "home"


def call(*words: str) -> Any:
    return CliRunner().invoke(main, list(words))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Weights of RAFT-small, as its authors wrap them."""
    net = _net(CARDS["raft-small"])
    torch.save({f"module.{key}": value for key, value in net.state_dict().items()}, tmp_path / "raft-small.pth")
    return tmp_path / "raft-small.pth"


def _net(card: Card) -> torch.nn.Module:
    assert card.net is not None
    torch.manual_seed(0)
    return card.net()


@pytest.mark.parametrize("name", CARDS)
def test_cards_tell_the_truth(name: str) -> None:
    card = CARDS[name]
    with torch.device("meta"):
        net = _net(card)
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(card.millions, abs=0.01)
    assert name in which_fit(net.state_dict())
    assert card.code.startswith("https://")
    assert card.weights.startswith("https://")
    assert card.weights_licence
    assert card.file


def test_kept_weights_are_found_by_name(file: Path, home: Path) -> None:
    missing = call("weights", "path", "raft-small")
    assert missing.exit_code == 5
    assert "boostvsod weights add raft-small raft-small.pth" in missing.output
    assert call("weights", "add", "raft-small", str(file)).exit_code == 0
    assert Path(call("weights", "path", "raft-small").stdout.strip()) == home / "weights" / "raft-small.pth"
    assert file_stamp(file)[:12] in call("weights", "list").stdout
    assert call("weights", "verify").exit_code == 0
    registry.build("flows", "raft-small", Runtime())


def test_a_changed_file_is_noticed(file: Path, home: Path) -> None:
    call("weights", "add", "raft-small", str(file))
    with (home / "weights" / "raft-small.pth").open("ab") as kept:
        kept.write(b"x")
    verified = call("weights", "verify")
    assert verified.exit_code == 5
    assert "has changed" in verified.output
    with pytest.raises(WeightsError, match="has changed"):
        registry.build("flows", "raft-small", Runtime())


def test_what_does_not_fit_is_not_kept(file: Path) -> None:
    refused = call("weights", "add", "raft", str(file))
    assert refused.exit_code == 5
    assert "does not fit RAFT" in refused.output
    assert "they fit raft-small" in refused.output
    assert call("weights", "path", "raft").exit_code == 5
    assert call("weights", "add", "nosuch", str(file)).exit_code == 2


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    class Bad:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "bad.pth").write_bytes(pickle.dumps({"a": Bad()}))
    refused = call("weights", "add", "raft-small", str(tmp_path / "bad.pth"))
    assert refused.exit_code == 5
    assert not (tmp_path / "ran").exists()


def test_convert(file: Path, tmp_path: Path) -> None:
    done = call("weights", "convert", str(file), str(tmp_path / "out.safetensors"))
    assert done.exit_code == 0, done.output
    assert "they fit: raft-small" in done.output
    before, after = read_weights(file), read_weights(tmp_path / "out.safetensors")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert call("weights", "convert", str(file), str(tmp_path / "out.pth")).exit_code == 2


class Server(http.server.BaseHTTPRequestHandler):
    """Serves one file, in ranges; can hang up in the middle."""

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
def server(file: Path) -> Iterator[str]:
    Server.content, Server.stop_after, Server.ranges = file.read_bytes(), 0, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def test_fetching_goes_on_where_it_broke_off(server: str, file: Path, tmp_path: Path) -> None:
    Server.stop_after = 100_000
    with pytest.raises(WeightsError, match="100000 bytes are saved"):
        download(f"{server}/raft-small.pth", tmp_path / "got.pth")
    assert not (tmp_path / "got.pth").exists()
    Server.stop_after = 0
    download(f"{server}/raft-small.pth", tmp_path / "got.pth", file_stamp(file))
    assert Server.ranges == [None, "bytes=100000-"]
    assert (tmp_path / "got.pth").read_bytes() == Server.content


def test_a_wrong_hash_is_thrown_away(server: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="expected 123"):
        download(f"{server}/raft-small.pth", tmp_path / "got.pth", "123")
    assert not list(tmp_path.glob("got*"))
    with pytest.raises(WeightsError, match="404"):
        download(f"{server}/nothing", tmp_path / "got.pth")
    with pytest.raises(WeightsError, match="only http"):
        download("file:///etc/passwd", tmp_path / "got.pth")


def test_get_from_a_mirror(server: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "1. open https://" in call("weights", "get", "raft-small").output, "its authors give no direct link"
    done = call("weights", "get", "raft-small", "--mirror", server)
    assert done.exit_code == 0, done.output
    assert [path.name for path in sorted((home / "weights").iterdir())] == ["index.json", "raft-small.pth"]
    assert call("weights", "get", "raft-small", "--mirror", server, "--offline").exit_code == 5
    monkeypatch.setenv("BOOSTVSOD_OFFLINE", "1")
    refused = call("weights", "get", "raft-small", "--mirror", server)
    assert refused.exit_code == 5
    assert "BOOSTVSOD_OFFLINE" in refused.output


@pytest.mark.parametrize(
    "words",
    [
        ["--flow", "raft-small", "--weights", "FILE"],
        ["--flow", "raft-small", "--weights", "raft-small=FILE", "--target", "classic"],
    ],
)
def test_run_with_a_flow_and_its_weights(words: list[str], file: Path, tmp_path: Path, clip: Clip) -> None:
    folder = write_pictures(tmp_path / "walk", clip.frames[:2])
    given = [word.replace("FILE", str(file)) for word in words]
    target = [] if "--target" in words else ["--set", "target.weights=none"]
    done = call("run", "--video", str(folder), *given, *target, "-o", str(tmp_path / "o"), *sets(QUICK))
    assert done.exit_code == 0, done.output
    recipe = (tmp_path / "o" / "run.json").read_text()
    assert '"flow": "raft-small"' in recipe


def test_weights_for_whom_must_be_clear(file: Path, tmp_path: Path, clip: Clip) -> None:
    film = write_film(tmp_path / "walk.mp4", clip.frames[:3])
    words = ["run", "--video", str(film), "--flow", "raft-small", "--target", "lite", "--weights", str(file)]
    done = call(*words)
    assert done.exit_code == 2
    assert f"raft-small={file}" in done.output


def test_bench_flow(tmp_path: Path) -> None:
    words = ["--backend", "dis", "--backend", "raft-small", "--size", "160x128", "--runs", "1", "--format", "csv"]
    done = call("bench", "flow", *words)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "backend,licence,M parameters,s/pair"
    assert [line.split(",")[0] for line in lines[1:]] == ["dis", "raft-small"]
    assert 0 < float(lines[1].split(",")[-1]) < float(lines[2].split(",")[-1])
    assert call("bench", "flow", "--size", "big").exit_code == 2
