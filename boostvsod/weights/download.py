"""Fetching a file when the user asks for it, and only then: it resumes, and its hash is checked."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path

from boostvsod.errors import WeightsError
from boostvsod.files import sha256
from boostvsod.kinds import Progress, quiet

OFFLINE = "BOOSTVSOD_OFFLINE"  # set to anything: nothing is fetched, whoever asks
CHUNK = 1 << 20
TIMEOUT = 30.0


def download(url: str, path: Path, expected: str = "", progress: Progress = quiet) -> Path:
    """Fetch `url` to `path`. What an earlier try left in PATH.part is gone on from."""
    if os.environ.get(OFFLINE):
        raise WeightsError(f"{url} was not fetched: {OFFLINE} is set")
    if not url.startswith(("http://", "https://")):
        raise WeightsError(f"{url}: only http and https can be fetched")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        _append(url, part, progress)
    except (urllib.error.URLError, OSError) as error:
        had = part.stat().st_size if part.exists() else 0
        raise WeightsError(f"{url}: {error}; {had} bytes are kept, the same command goes on from there") from error
    if expected and (found := sha256(part)) != expected:
        part.unlink()
        raise WeightsError(f"{url}: its sha256 is {found[:12]}, expected {expected[:12]}; it was thrown away")
    part.replace(path)
    return path


def _append(url: str, part: Path, progress: Progress) -> None:
    had = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={had}-"} if had else {})
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if had and error.code == 416:  # nothing is left to send: it was complete
            return
        raise
    with answer:
        resumed = answer.status == 206
        had = had if resumed else 0
        total = had + int(answer.headers.get("Content-Length") or 0)
        with part.open("ab" if resumed else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                had += len(chunk)
                progress("download", had, total)
    if total and had < total:
        raise OSError(f"the connection ended after {had} of {total} bytes")
