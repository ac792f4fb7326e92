"""The studio: who may use its server, what it takes, what it refuses; and the page in a browser, from clip to film."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from made import FORCED, call, sets, write_maps, write_sounding_film
from processes import alive, descendants, start, wait_until

from boostvsod.cli.studio.clip import film_names
from boostvsod.cli.studio.grow import distances, geodesic
from boostvsod.cli.studio.server import HEADERS, Studio
from boostvsod.cli.studio.session import Session
from boostvsod.cli.studio.uploads import FOLDER
from boostvsod.errors import InputError
from boostvsod.media.images import read_map
from boostvsod.media.synthetic import Clip
from boostvsod.runtime import decide

MOST = 300_000  # bytes of an upload
STARTS = tuple(range(0, 480, 40))
SHORT = (*FORCED, "recipe.most_steps=4")


@dataclass(frozen=True)
class Client:
    """Requests to a studio; everything about them can be wrong."""

    session: Session
    address: str

    def ask(
        self, method: str, path: str, body: bytes | None = None, token: str | None = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        """The status, the content (JSON is parsed) and the headers of the answer."""
        parts = urlsplit(self.address)
        assert parts.hostname is not None
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        prefix = parts.path if token is None else f"/{token}/"
        connection.request(method, f"{prefix}{path}", body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.status, json.loads(data) if is_json else data, dict(answer.headers)

    def get(self, path: str) -> Any:
        """The content of an answer that must be good."""
        status, content, _ = self.ask("GET", path)
        assert status == 200, content
        return content

    def post(self, path: str, **values: object) -> tuple[int, Any]:
        status, content, _ = self.ask("POST", path, json.dumps(values).encode())
        return status, content

    def finished(self, seconds: float = 60) -> dict[str, Any]:
        """The state when no job is at work."""
        wait_until(lambda: self.session.state()["job"] is None, seconds, "the job goes on")
        state: dict[str, Any] = self.get("state")
        return state


@contextmanager
def studio(
    root: Path, *, target: str = "lite", recipe: str = "default", settings: tuple[str, ...] = ()
) -> Iterator[Client]:
    session = Session(root, decide("cpu", "auto", 0, 1), target, recipe, settings)
    opened = Studio.of(session, 0, MOST)
    thread = threading.Thread(target=opened.serve)
    thread.start()
    wait_until(lambda: opened.server.started, 20, "the server did not start")
    try:
        yield Client(session, opened.address)
    finally:
        session.close()
        opened.server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A studio without a clip."""
    with studio(tmp_path / "runs") as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A studio without a clip, for tests that change nothing in it."""
    with studio(tmp_path_factory.mktemp("shared") / "runs") as opened:
        yield opened


@pytest.fixture
def film(tmp_path: Path, clip: Clip) -> Path:
    return write_sounding_film(tmp_path / "walk.mp4", clip.frames, STARTS, "aac")


@pytest.fixture
def ran(tmp_path: Path, film: Path, clip: Clip) -> Iterator[Client]:
    """A studio with a clip whose maps are its truth; nothing was learnt."""
    maps = write_maps(tmp_path / "maps" / "walk", clip.truth)
    done = call("run", film, "--target", f"maps:{maps.parent}", "--recipe", "none", "-o", tmp_path / "runs" / "walk")
    assert done.exit_code == 0, done.output
    with studio(tmp_path / "runs", target=f"maps:{maps.parent}", recipe="none") as opened:
        opened.session.open(str(tmp_path / "runs" / "walk"))
        assert opened.finished()["result"], opened.session.state()
        yield opened


def png(mask: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", mask)[1].tobytes())


def alpha(content: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(picture[..., 3], np.float32) / 255


# ---- who may use it -------------------------------------------------------------------------------


def test_the_page_and_its_parts_come_with_their_headers(shared: Client) -> None:
    for path, kind, part in (
        ("", "text/html", b"studio.js"),
        ("studio.js", "text/javascript", b"class ScorePlot"),
        ("studio.css", "text/css", b"prefers-color-scheme: dark"),
    ):
        status, content, headers = shared.ask("GET", path)
        assert (status, headers["content-type"].partition(";")[0]) == (200, kind)
        assert part in content
        assert {name: headers[name.lower()] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("wrong", {}),
        ("%C3%A9", {}),
        (None, {"Host": "evil.example"}),
        (None, {"Host": "evil.example:80"}),
        (None, {"Origin": "http://evil.example"}),
        (None, {"Origin": "null"}),
        (None, {"Origin": "http://127.0.0.1:1"}),
    ],
)
def test_strangers_are_refused(shared: Client, token: str | None, headers: dict[str, str]) -> None:
    for path in ("", "state", "studio.js", "frames/0/picture"):
        status, content, _ = shared.ask("GET", path, None, token, **headers)
        assert status == 403, content
    assert shared.ask("PUT", "clips/walk.mp4", b"x", token, **headers)[0] == 403
    assert not list(shared.session.root.rglob("walk.mp4"))


def test_the_page_itself_is_no_stranger(shared: Client) -> None:
    host = urlsplit(shared.address).netloc
    assert shared.ask("POST", "cancel", b"{}", Origin=f"http://{host}")[0] == 200
    local = host.replace("127.0.0.1", "localhost")
    assert shared.ask("GET", "state", Host=local, Origin=f"http://{local}")[0] == 200


def test_only_this_machine_can_connect(shared: Client) -> None:
    assert urlsplit(shared.address).hostname == "127.0.0.1"
    sockets = Path("/proc/net/tcp")
    if sockets.is_file():
        port = f":{urlsplit(shared.address).port:04X}"
        local = [line.split()[1] for line in sockets.read_text().splitlines() if line.split()[3] == "0A"]
        assert [address for address in local if address.endswith(port)] == [f"0100007F{port}"]


# ---- what it takes and refuses --------------------------------------------------------------------


def test_an_upload_is_opened_and_kept_under_its_content(client: Client, film: Path) -> None:
    status, content, _ = client.ask("PUT", "clips/walk.mp4", film.read_bytes())
    assert status == 200, content
    opened = client.finished()["clip"]
    assert (opened["name"], opened["frames"], opened["width"], opened["height"]) == ("walk", 12, 64, 48)
    (path,) = (client.session.root / FOLDER).rglob("*.mp4")
    assert path.read_bytes() == film.read_bytes()
    client.ask("PUT", "clips/walk.mp4", film.read_bytes())
    client.finished()
    assert list((client.session.root / FOLDER).rglob("*.mp4")) == [path]
    picture = cv2.imdecode(np.frombuffer(client.get("frames/3/picture"), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (48, 64, 3)
    assert client.get("frames")[3] == {"frame": "00003", "mined": False, "scores": {}, "why": ""}


def test_a_zip_of_pictures_is_a_clip(client: Client, clip: Clip) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for i, rgb in enumerate(clip.frames[:3]):
            archive.writestr(f"walk/{i:05d}.png", png(rgb[..., ::-1]))
    status, content, _ = client.ask("PUT", "clips/walk.zip", data.getvalue())
    assert status == 200, content
    assert client.finished()["clip"]["frames"] == 3
    picture = cv2.imdecode(np.frombuffer(client.get("frames/1/picture"), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert np.abs(picture[..., ::-1].astype(float) - clip.frames[1]).mean() < 12, "a JPEG of the frame"


def test_clips_of_one_name_do_not_share_a_run(ran: Client, tmp_path: Path, clip: Clip) -> None:
    other = write_sounding_film(tmp_path / "other.mp4", clip.frames[::-1], STARTS, "aac")
    assert ran.ask("PUT", "clips/walk.mp4", other.read_bytes())[0] == 200
    state = ran.finished()
    assert (state["clip"]["name"], state["result"]) == ("walk", None)
    assert Path(state["clip"]["folder"]) != ran.session.root / "walk"
    assert ran.ask("PUT", "clips/walk.mp4", (tmp_path / "walk.mp4").read_bytes())[0] == 200
    state = ran.finished()
    assert state["result"], "the same content as that of the run, though it lies elsewhere"
    assert Path(state["clip"]["folder"]) == (ran.session.root / "walk").absolute()


def chunks(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield bytes(50_000)


@pytest.mark.parametrize("announced", [True, False])
def test_a_large_upload_is_refused_and_leaves_nothing(client: Client, announced: bool) -> None:
    body: Any = bytes(MOST + 1) if announced else chunks(1 + MOST // 50_000)
    try:
        status, content, _ = client.ask("PUT", "clips/walk.mp4", body)
        assert (status, "larger than 0.3 MB" in content["error"]) == (413, True)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server closed the connection while the body was on its way
    folder = client.session.root / FOLDER
    wait_until(lambda: not (folder.exists() and list(folder.iterdir())), 5, "something stays")
    assert client.get("state")["clip"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "fault"),
    [
        ("PUT", "clips/walk.exe", b"x", "suffixes"),
        ("PUT", "clips/..%2F..%2Fwalk.mp4", b"x", "Not Found"),
        ("PUT", "clips/walk.mp4", b"", "empty"),
        ("PUT", "clips/walk.zip", b"no archive", "walk.zip"),
        ("PUT", "backdrops/x.txt", b"x", "suffixes"),
        ("POST", "run", b'{"target": "lite", "recipe": "default", "effort": ""}', "no clip"),
        ("POST", "run", b'{"target": "evil.py:build", "recipe": "default", "effort": ""}', "unknown"),
        ("POST", "run", b'{"target": "lite", "recipe": "/etc/evil.toml", "effort": ""}', "unknown"),
        ("POST", "run", b'{"target": "lite", "recipe": "none", "effort": "utmost"}', "effort 'utmost' is unknown"),
        ("POST", "run", b'{"target": 1, "recipe": [], "effort": ""}', "texts"),
        ("POST", "run", b"[]", "JSON object"),
        ("POST", "run", b"\xff", "JSON object"),
        ("POST", "run", b"[" * 60_000, "JSON object"),
        ("POST", "open", b'{"run": "../x"}', "no run"),
        ("POST", "export", b'{"film": "../../x.mp4"}', "unknown"),
        ("POST", "export", b'{"film": "matte.mp4"}', "no clip"),
        ("GET", "frames/0/picture", None, "no clip"),
        ("GET", "films/matte.mp4", None, "no clip"),
        ("GET", "studio.py", None, "no such file"),
    ],
)
def test_bad_requests_are_explained(shared: Client, method: str, path: str, body: bytes | None, fault: str) -> None:
    status, content, _ = shared.ask(method, path, body)
    state = shared.finished()
    assert status >= 400 or state["error"], (status, content)
    assert fault in (state["error"] or str(content))


def test_a_film_that_is_none_is_explained(client: Client) -> None:
    client.ask("PUT", "clips/walk.mp4", b"this is no film")
    state = client.finished()
    assert state["clip"] is None
    assert "walk.mp4" in state["error"]


def test_odd_names_stay_in_their_folder(client: Client, film: Path) -> None:
    status, _, _ = client.ask("PUT", "clips/..%5C..%5C%00a.mp4", film.read_bytes())
    client.finished()
    inside = client.session.root / FOLDER
    assert status == 200
    assert all(inside in path.parents for path in client.session.root.parent.rglob("*a.mp4"))


def test_maps_of_a_run_are_shown(ran: Client, clip: Clip) -> None:
    np.testing.assert_allclose(alpha(ran.get("frames/3/boosted")), clip.truth[3], atol=0.01)
    np.testing.assert_allclose(alpha(ran.get("frames/3/target")), clip.truth[3], atol=0.01)
    assert alpha(ran.get("frames/3/doubt")).max() == 0, "there is no student, and both maps are equal"
    assert ran.get("doubts") == [0.0] * 12
    for path, fault in (("frames/3/motion", "no motion"), ("frames/3/x", "no map"), ("frames/12/target", "12 frames")):
        status, content, _ = ran.ask("GET", path)
        assert (status, fault in content["error"]) == (400, True)
    status, content, headers = ran.ask("GET", "report")
    assert (status, b"<html" in content) == (200, True)
    assert "sandbox" in headers["content-security-policy"]


def test_a_run_of_the_folder_is_opened_by_name(ran: Client) -> None:
    version = ran.get("state")["version"]
    assert ran.get("runs") == ["walk"]
    assert ran.post("open", run="walk")[0] == 200
    assert ran.finished()["version"] == version + 1


@pytest.mark.slow
def test_efforts_of_a_recipe_are_offered_and_used(tmp_path: Path, film: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('flow = "dis"\n[effort.fast]\nflow = "farneback"\n')
    with studio(tmp_path / "runs", target="classic", recipe=str(recipe)) as client:
        (offered,) = (row for row in client.get("options")["recipes"] if row["name"] == str(recipe))
        assert offered["efforts"] == ["fast", "balanced"]
        client.session.open(str(film))
        client.finished()
        assert client.post("run", target="", recipe=str(recipe), effort="fast")[0] == 200
        assert client.finished()["result"], client.session.state()
        used = client.session.clip.recipe()
        assert used is not None
        assert (used.effort, used.flow) == ("fast", "farneback")


def test_code_that_a_run_names_is_not_run_unasked(ran: Client, tmp_path: Path) -> None:
    path = tmp_path / "runs" / "walk" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "target": f"{tmp_path}/evil.py:build"}))
    ran.session.open(str(path.parent))
    ran.finished()
    status, content = ran.post("run", target="", recipe="", effort="")
    assert (status, "is code" in content["error"]) == (400, True)


def test_masks_are_stored_and_dropped(ran: Client, clip: Clip) -> None:
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 30:40] = 200
    assert ran.ask("PUT", "masks/3", png(mask))[1]["corrections"] == {"3": 1}
    assert ran.ask("PUT", "masks/3", png(mask))[1]["corrections"] == {"3": 2}, "the page must load it again"
    np.testing.assert_array_equal(alpha(ran.get("masks/3")), mask > 0)
    path = ran.session.root / "walk" / "corrections" / "00003.png"
    np.testing.assert_array_equal(read_map(path), mask > 0)
    assert ran.ask("DELETE", "masks/3")[1]["corrections"] == {}
    assert not path.exists()
    assert ran.ask("GET", "masks/3")[0] == 400


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "not a PNG"),
        (b"GIF89a" + bytes(40), "not a PNG"),
        (png(np.zeros((64, 48), np.uint8)), "48x64"),
        (png(np.zeros((48, 64), np.uint8))[:60], "truncated"),
    ],
)
def test_a_bad_mask_is_refused(ran: Client, data: bytes, fault: str) -> None:
    status, content, _ = ran.ask("PUT", "masks/3", data)
    assert (status, fault in content["error"]) == (400, True)
    assert ran.get("state")["corrections"] == {}


def test_a_mask_of_somebody_else_is_not_replaced(ran: Client) -> None:
    path = ran.session.root / "walk" / "corrections" / "00003.png"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    status, content, _ = ran.ask("PUT", "masks/3", png(np.zeros((48, 64), np.uint8)))
    assert (status, path.read_bytes()) == (400, b"mine")
    assert "00003.png" in content["error"]


@pytest.mark.slow
def test_masks_of_the_command_line_are_taken_over(tmp_path: Path, film: Path, clip: Clip) -> None:
    mask = tmp_path / "fixed.png"
    cv2.imwrite(str(mask), clip.truth[5].astype(np.uint8) * 255)
    out, maps = tmp_path / "runs" / "walk", write_maps(tmp_path / "maps", clip.truth)
    done = call("run", film, "--target", f"maps:{maps}", *sets(SHORT), "--mask", f"5={mask}", "-o", out)
    assert done.exit_code == 0, done.output
    with studio(tmp_path / "runs") as client:
        client.session.open(str(film))
        assert client.finished()["corrections"] == {"5": 0}
        np.testing.assert_array_equal(alpha(client.get("masks/5")), clip.truth[5])


def test_a_click_grows_over_http(ran: Client, clip: Clip) -> None:
    ys, xs = np.nonzero(clip.truth[3])
    far = alpha(ran.get(f"frames/3/grown?x={int(xs.mean())}&y={int(ys.mean())}"))
    assert far.shape == (48, 64)
    for query in ("", "x=1", "x=-1&y=2", "x=64&y=2", "x=1.5&y=2", "x=1&y=" + "9" * 40):
        assert ran.ask("GET", f"frames/3/grown?{query}")[0] == 400


def test_films_come_in_parts(ran: Client) -> None:
    assert ran.post("export", film="matte.mp4")[0] == 200
    assert ran.finished()["films"] == ["matte.mp4"]
    whole = ran.get("films/matte.mp4")
    assert whole == (ran.session.root / "walk" / "matte.mp4").read_bytes()
    status, part, headers = ran.ask("GET", "films/matte.mp4?download", Range="bytes=10-19")
    assert (status, part) == (206, whole[10:20])
    assert "walk-matte.mp4" in headers["content-disposition"]
    for name in ("green.mp4", "..%2Frun.json", "run.json"):
        assert ran.ask("GET", f"films/{name}")[0] in (400, 404)


def test_a_background_is_uploaded(ran: Client, tmp_path: Path) -> None:
    status, content = ran.post("export", film="replace.mp4")
    assert (status, "background first" in content["error"]) == (400, True)
    beach = png(np.full((30, 90, 3), (0, 200, 255), np.uint8))
    assert ran.ask("PUT", "backdrops/beach.png", beach)[1]["backdrop"] == "beach.png"
    assert ran.post("export", film="replace.mp4")[0] == 200
    assert ran.finished()["films"] == ["replace.mp4"], ran.session.state()


@pytest.mark.slow
def test_one_job_at_a_time_and_cancel_continues(tmp_path: Path, film: Path) -> None:
    with studio(tmp_path / "runs", target="classic", recipe="none") as client:
        client.session.open(str(film))
        client.finished()
        assert client.post("run", target="", recipe="", effort="")[0] == 200
        assert client.post("run", target="", recipe="", effort="")[0] == 409
        assert client.ask("PUT", "clips/walk.mp4", film.read_bytes())[0] == 409
        processes = descendants(os.getpid())
        assert client.post("cancel")[0] == 200
        state = client.finished(10)
        assert (state["error"], state["result"]) == ("", None)
        wait_until(lambda: not alive(processes - descendants(os.getpid())), 10, "the process goes on")
        assert client.post("run", target="", recipe="", effort="")[0] == 200
        assert client.finished()["result"]["recipe"] == "none"


# ---- the region around a click --------------------------------------------------------------------


def test_geodesic_distances_are_shortest_paths() -> None:
    """Against relaxing every edge until nothing changes."""
    rng = np.random.default_rng(0)
    right, down = rng.random((13, 15)), rng.random((12, 16))
    slow = np.full((13, 16), np.inf)
    slow[4, 5] = 0
    for _ in range(13 * 16):
        slow[:, 1:] = np.minimum(slow[:, 1:], slow[:, :-1] + right)
        slow[:, :-1] = np.minimum(slow[:, :-1], slow[:, 1:] + right)
        slow[1:] = np.minimum(slow[1:], slow[:-1] + down)
        slow[:-1] = np.minimum(slow[:-1], slow[1:] + down)
    np.testing.assert_allclose(geodesic(right, down, (4, 5)), slow, atol=1e-12)


def test_a_region_fills_the_clicked_object_and_no_other() -> None:
    saliency = np.zeros((120, 160), np.float32)
    cv2.circle(saliency, (40, 60), 25, 1.0, -1)
    cv2.circle(saliency, (120, 60), 25, 1.0, -1)
    soft = np.asarray(cv2.GaussianBlur(saliency, (0, 0), 2), np.float32)
    region = distances(np.full((120, 160, 3), 90, np.uint8), soft, 40, 60) < 0.5
    wanted = saliency > 0.5
    wanted[:, 80:] = False
    assert (region & wanted).sum() / (region | wanted).sum() > 0.9
    around = distances(np.full((120, 160, 3), 90, np.uint8), soft, 80, 10) < 0.5
    assert not (around & cv2.erode(saliency, np.ones((5, 5), np.uint8)).astype(bool)).any()


def test_a_region_stops_at_colours_where_the_map_says_nothing() -> None:
    rgb = np.full((100, 100, 3), 60, np.uint8)
    rgb[30:70, 30:70] = (220, 180, 40)
    region = distances(rgb, np.zeros((100, 100), np.float32), 50, 50) < 0.2
    inside = np.zeros((100, 100), bool)
    inside[30:70, 30:70] = True
    assert (region & inside).sum() / (region | inside).sum() > 0.9


def test_a_click_outside_of_the_frame_is_an_error() -> None:
    with pytest.raises(InputError, match="outside of the frame, which has 60 x 40"):
        distances(np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.float32), 60, 10)


# ---- the command ----------------------------------------------------------------------------------


def test_the_command_explains_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = call("studio", tmp_path / "none.mp4", "--no-open")
    assert (done.exit_code, "none.mp4" in done.output) == (3, True)
    done = call("studio", "--recipe", "defualt")
    assert (done.exit_code, "did you mean 'default'" in done.output) == (2, True)
    with studio(tmp_path / "runs") as client:
        port = urlsplit(client.address).port
        done = call("studio", "--port", port)
        assert (done.exit_code, f"--port {port}" in done.output) == (2, True)


def test_without_the_extra_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "boostvsod.cli.studio.server")
    done = call("studio", "--no-open")
    assert (done.exit_code, "pip install 'boostvsod[studio]'" in done.output) == (2, True)


def test_the_server_is_imported_only_to_serve() -> None:
    code = "import sys, boostvsod.cli.studio.command; print({'uvicorn', 'starlette', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_a_killed_studio_leaves_no_process(tmp_path: Path, film: Path) -> None:
    log = tmp_path / "log"
    words = ["studio", str(film), "-o", str(tmp_path / "runs"), "--no-open", "--target", "classic", "--recipe", "none"]
    process = start(words, log)
    try:
        wait_until(lambda: log.is_file() and b"http://127.0.0.1" in log.read_bytes(), 30, "no address is printed")
        address = re.findall(r"http://\S+", log.read_text())[0]
        client = Client(Session(tmp_path, decide(), "", "", ()), address)
        wait_until(lambda: client.get("state")["clip"], 20, "the clip is not open")
        assert client.post("run", target="", recipe="", effort="")[0] == 200
        wait_until(lambda: (tmp_path / "runs" / "walk").exists(), 60, "the run did not begin")
        assert process.pid is not None
        workers = descendants(process.pid)
        assert workers
    finally:
        process.kill()
    process.join()
    wait_until(lambda: not alive(workers), 10, "a process goes on")


def test_film_names_are_those_of_run() -> None:
    names = list(film_names())
    assert {"matte.mp4", "cutout-video.webm", "cutout-video.mov", "replace.mp4"} <= set(names)
    assert "cutout-video.mp4" not in names


# ---- the page in a browser ------------------------------------------------------------------------

PLAY = """
const done = arguments[0], video = document.querySelector("#made video");
video.loop = false;
video.onerror = () => done({error: video.error.message});
const size = () => [video.videoWidth, video.videoHeight];
video.onended = () => done({ready: video.readyState, length: video.duration, size: size()});
video.play();
"""
PIXEL = """
const canvas = document.getElementById("canvas"), [x, y] = arguments;
return Array.from(canvas.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3));
"""
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


class Page:
    """The page of a studio, driven as a user does."""

    def __init__(self, browser: Any, client: Client) -> None:
        self.browser, self.client = browser, client
        browser.get(client.address)

    def element(self, selector: str) -> Any:
        return self.browser.find_element("css selector", selector)

    def press(self, *keys: str) -> None:
        self.element("body").send_keys(*keys)

    def click(self, selector: str) -> None:
        wait_until(lambda: self.element(selector).is_enabled(), 10, f"{selector} cannot be clicked")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", self.element(selector))
        self.element(selector).click()

    def wait(self, script: str, what: str) -> None:
        wait_until(lambda: self.browser.execute_script(f"return {script}"), 30, what)

    def job(self, selector: str) -> dict[str, Any]:
        """Click a button that starts a job; returns the state after it, as soon as the page shows it."""
        self.click(selector)
        self.wait("state.job", "no job has begun")
        state = self.client.finished()
        assert not state["error"], state
        self.wait(f"state.version === {state['version']} && !state.job && byId('progress').hidden", "the page is old")
        return state

    def drag(self, start: tuple[int, int], stop: tuple[int, int]) -> None:
        """With the pointer, between two pixels of the frame."""
        from selenium.webdriver.common.action_chains import ActionChains

        canvas = self.element("#canvas")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        scale = canvas.rect["width"] / 64
        (x, y), (right, low) = ([round((px - 32) * scale), round((py - 24) * scale)] for px, py in (start, stop))
        moves = ActionChains(self.browser).move_to_element_with_offset(canvas, x, y).click_and_hold()
        moves.move_by_offset(right - x, low - y).release().perform()

    def masks(self, expected: dict[str, int]) -> None:
        """Wait until the server has these masks."""
        wait_until(lambda: self.client.session.state()["corrections"] == expected, 10, f"masks are not {expected}")


@pytest.mark.slow
def test_from_a_clip_to_a_corrected_film(browser: Any, tmp_path: Path, film: Path, clip: Clip) -> None:
    from selenium.webdriver.common.keys import Keys

    with studio(tmp_path / "runs", settings=SHORT) as client:
        page = Page(browser, client)
        browser.get_log("browser")
        page.wait("!byId('welcome').hidden", "no welcome")
        page.element("#file").send_keys(str(film))
        page.wait("state.clip && !state.job", "the clip is not open")
        out = Path(page.job("#run")["clip"]["folder"])
        assert browser.execute_script("return frames.every((frame) => frame.mined)"), "every frame is forced"
        before = [read_map(out / "maps" / f"{i:05d}.png") for i in range(12)]

        page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        assert page.element("#number").text == "3 / 11"
        page.press("b")
        page.drag((8, 40), (20, 40))
        page.masks({"3": 1})
        page.press("z")
        page.masks({})
        page.press("Z")
        page.masks({"3": 1})
        mask = client.session.clip.mask(3)
        assert mask[40, 8:20].all(), "the stroke"
        rest = np.ones_like(mask, bool)
        rest[30:, :32] = False
        np.testing.assert_array_equal(mask[rest], before[3][rest] >= 0.5, "it starts from the boosted map")
        red, green, blue = browser.execute_script(PIXEL, 12, 40)
        assert green > max(red, blue), "the mask is shown in green"
        page.press("e")
        page.drag((8, 40), (20, 40))
        page.masks({"3": 2})
        assert not client.session.clip.mask(3)[40, 8:20].any()
        page.press("z")
        page.masks({"3": 3})

        state = page.job("#learn")
        assert "1 of them corrected by hand" in state["result"]["choices"][0]["why"]
        after = [read_map(out / "maps" / f"{i:05d}.png") for i in range(12)]
        np.testing.assert_array_equal(after[3], client.session.clip.mask(3))
        assert np.abs(after[4] - before[4]).max() > 0.02, "its neighbour has learnt"
        assert "corrected by hand" in page.element("#about").text

        browser.execute_script("byId('film').value = 'cutout-video.webm'")
        page.job("#export")
        page.wait("Boolean(document.querySelector('#made video'))", "no film")
        browser.set_script_timeout(20)
        played = browser.execute_async_script(PLAY)
        assert (played.get("error"), played.get("size")) == (None, [64, 48])
        assert played["ready"] >= 2
        assert played["length"] == pytest.approx(0.8, abs=0.1), "its sound"
        browser.save_screenshot(str(tmp_path / "studio.png"))
        assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.mark.slow
def test_tools_touch_and_a_phone(browser: Any, ran: Client, clip: Clip) -> None:
    """Polygons and grown regions, with touch, on a dark phone."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})
    try:
        page = Page(browser, ran)
        page.wait("frames.length === 12 && Boolean(viewer.images.picture)", "the clip is not shown")
        assert browser.execute_script("return document.documentElement.scrollWidth <= 390")
        ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert max(int(part) for part in ground[4:-1].split(",")) < 60
        ys, xs = np.nonzero(clip.truth[0])
        browser.execute_script("tool.choose('grow'); tool.setSign('remove'); tool.setSize(60)")
        touch(page, int(xs.mean()), int(ys.mean()))
        page.masks({"0": 1})
        assert ran.session.clip.mask(0).sum() < 0.1 * clip.truth[0].sum(), "the object is removed by one touch"
        browser.execute_script("tool.choose('polygon'); tool.setSign('add')")
        for x, y in ((10, 5), (30, 5), (30, 25), (10, 25), (10, 5)):
            touch(page, x, y)
        page.masks({"0": 2})
        assert ran.session.clip.mask(0)[7:23, 12:28].all()
        browser.execute_script("tool.choose('brush')")
        fingers(page, ((20, 24), (44, 24)), ((8, 24), (56, 24)))
        assert browser.execute_script("return viewer.zoom.scale") > 1.5, "two fingers zoom"
        page.masks({"0": 2})
        assert not browser.execute_script("return Object.keys(keep.timers).length"), "two fingers draw nothing"
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.slow
def test_keys_and_a_dropped_film(browser: Any, client: Client, film: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    page = Page(browser, client)
    page.wait("!byId('welcome').hidden", "no welcome")
    browser.execute_script(DROP, list(film.read_bytes()))
    page.wait("frames.length === 12 && !state.job", "the film is not open")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert page.element("#number").text == "1 / 11"
    page.press(Keys.SPACE)
    page.wait("viewer.at > 3", "it does not play")
    page.press(Keys.SPACE)
    assert page.element("#play").text == "Play"
    size = browser.execute_script("tool.choose('brush'); return tool.width")
    page.press("]", "]", "[")
    assert browser.execute_script("return tool.width") > size
    page.press("1")
    assert page.browser.execute_script("return layerOf('picture').on") is False


DROP = """
const data = new DataTransfer();
data.items.add(new File([new Uint8Array(arguments[0])], "walk.mp4"));
document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
"""


def touch(page: Page, x: int, y: int) -> None:
    """A finger on a pixel of the frame."""
    fingers(page, ((x, y),))


def fingers(page: Page, *steps: tuple[tuple[int, int], ...]) -> None:
    """One finger or more, which touch pixels of the frame, move and leave."""
    box = page.browser.execute_script("return byId('canvas').getBoundingClientRect().toJSON()")
    wide, high = box["width"] / 64, box["height"] / 48
    for kind, step in zip(["touchStart", *["touchMove"] * (len(steps) - 1), "touchEnd"], (*steps, ()), strict=True):
        at = [(box["left"] + (x + 0.5) * wide, box["top"] + (y + 0.5) * high) for x, y in step]
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(at)]
        page.browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
