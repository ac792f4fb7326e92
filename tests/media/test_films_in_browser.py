"""Every film that `run --save` writes plays in a browser, with its sound; alpha lets the page shine through."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from made import call, write_maps, write_sounding_film

from boostvsod.media.synthetic import Clip

STARTS = tuple(range(0, 480, 40))
PAGE = """<!doctype html><link rel="icon" href="data:,">
<body style="margin:0;background:rgb(40,120,220)"><video id="v" src="{}"></video></body>"""
STATE = """
const video = document.getElementById('v'), done = arguments[0];
const look = () => {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const context = canvas.getContext('2d');
  context.fillStyle = 'rgb(40,120,220)'; context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(video, 0, 0);
  done({ready: video.readyState, length: video.duration, sound: video.webkitAudioDecodedByteCount,
        size: [video.videoWidth, video.videoHeight],
        pixels: Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data)});
};
video.onerror = () => done({error: video.error.message});
video.onended = look;
video.play();
"""
SAVED = ("overlay", "side-by-side", "matte.webm", "cutout-video", "green", "blur", "replace")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory, clip: Clip) -> Path:
    """The folder of a run with all films, of a film with sound."""
    folder = tmp_path_factory.mktemp("films")
    source = write_sounding_film(folder / "clip.mp4", clip.frames, STARTS, "aac")
    maps = write_maps(folder / "maps" / "clip", clip.truth)
    cv2.imwrite(str(folder / "beach.png"), np.full((30, 90, 3), (0, 200, 255), np.uint8))  # BGR
    saves = ",".join(SAVED) + f"={folder / 'beach.png'}"
    words = ("run", source, "--target", f"maps:{maps.parent}", "--recipe", "none", "-o", folder / "o", "--save", saves)
    done = call(*words)
    assert done.exit_code == 0, done.output
    return folder / "o"


@pytest.fixture(scope="module")
def address(films: Path) -> Iterator[str]:
    """The films over http: a page may not read pixels of a film that it opened as a file."""
    handler = functools.partial(Quiet, directory=str(films))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def play(browser: Any, films: Path, address: str, name: str) -> tuple[dict[str, Any], np.ndarray]:
    """Play a film to its end; returns the state of the player and the last picture over the page's colour."""
    (films / "page.html").write_text(PAGE.format(name))
    browser.get(f"{address}/page.html")
    browser.set_script_timeout(20)
    state = browser.execute_async_script(STATE)
    assert "error" not in state, state
    width, height = state["size"]
    return state, np.array(state.pop("pixels"), np.uint8).reshape(height, width, 4)[..., :3].astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["overlay.mp4", "side-by-side.mp4", "matte.webm", "cutout-video.webm", "green.mp4"])
def test_films_play_with_sound(browser: Any, films: Path, address: str, name: str, clip: Clip) -> None:
    state, _ = play(browser, films, address, name)
    assert state["ready"] >= 2
    assert state["length"] == pytest.approx(0.8, abs=0.1), "the sound is longer than the pictures"
    assert state["sound"] > 1000
    assert state["size"] == [192 if name.startswith("side") else 64, 48]


@pytest.mark.slow
def test_pixels_of_backgrounds(browser: Any, films: Path, address: str, clip: Clip) -> None:
    truth = clip.truth[-1]
    inside = cv2.erode(truth.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    outside = cv2.dilate(truth.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    behind = {"green.mp4": (0, 177, 64), "replace.mp4": (255, 200, 0), "cutout-video.webm": (40, 120, 220)}
    for name, colour in behind.items():
        _, picture = play(browser, films, address, name)
        assert np.abs(picture[outside] - colour).mean() < 8, f"{name}: the background"
        assert np.abs(picture[inside].mean(0) - clip.frames[-1][inside].mean(0)).max() < 12, f"{name}: the object"
    browser.save_screenshot(str(films / "alpha-over-a-page.png"))
