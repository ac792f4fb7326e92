"""Downloading a file, only when the user asks for it. Downloads can be resumed; the hash is checked."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path

from boostvsod.errors import WeightsError
from boostvsod.kinds import Progress, quiet
from boostvsod.stamps import file_stamp

OFFLINE = "BOOSTVSOD_OFFLINE"  # if this is set to any value, nothing is downloaded
CHUNK = 1 << 20
TIMEOUT = 30.0


def download(url: str, path: Path, expected: str = "", progress: Progress = quiet) -> Path:
    """Download `url` to `path`. An interrupted earlier download, in PATH.part, is resumed."""
    if os.environ.get(OFFLINE):
        raise WeightsError(f"{url} was not downloaded: {OFFLINE} is set")
    if not url.startswith(("http://", "https://")):
        raise WeightsError(f"{url}: only http and https are supported")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        _append(url, part, progress)
    except (urllib.error.URLError, OSError) as error:
        size = part.stat().st_size if part.exists() else 0
        raise WeightsError(f"{url}: {error}; {size} bytes are saved, the same command resumes there") from error
    if expected and (actual := file_stamp(part)) != expected:
        part.unlink()
        raise WeightsError(f"{url}: its sha256 is {actual[:12]}, expected {expected[:12]}; the download was deleted")
    part.replace(path)
    return path


def _append(url: str, part: Path, progress: Progress) -> None:
    """Download the bytes that are still missing in a partial file."""
    size = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={size}-"} if size else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if size and error.code == 416:  # range not satisfiable: the partial file is already complete
            return
        raise
    with response:
        resumed = response.status == 206
        size = size if resumed else 0
        total = size + int(response.headers.get("Content-Length") or 0)
        with part.open("ab" if resumed else "wb") as file:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                size += len(chunk)
                progress("download", size, total)
    if total and size < total:
        raise OSError(f"the connection ended after {size} of {total} bytes")
