"""Downloading a file, only when the user asks for it. Downloads can be resumed; the hash is checked.

Plain http is refused unless the hash of the file is known, because anybody on the way could change the file.
"""

from __future__ import annotations

import re
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.error import HTTPError

from boostvsod.errors import ConfigError, WeightsError
from boostvsod.kinds import Progress, quiet
from boostvsod.stamps import file_stamp
from boostvsod.weights.offline import require_online

CHUNK = 1 << 20
TIMEOUT = 30.0
MOST = 16 << 30  # bytes; a server that sends more sends no weights
SCHEMES = ("http", "https")


def download(url: str, path: Path, expected: str = "", progress: Progress = quiet) -> Path:
    """Download `url` to `path`. An interrupted earlier download, in PATH.part, is resumed.

    `expected` is the SHA-256 of the file in hexadecimal, in lower or upper case.
    """
    require_online(url)
    expected = expected.strip().lower()
    _check_address(url, expected)
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _append(url, part, progress)
    except (OSError, HTTPException, ValueError) as error:  # ValueError: addresses and headers that cannot be parsed
        size = part.stat().st_size if part.exists() else 0
        reason = " ".join(str(error).split()) or type(error).__name__
        raise WeightsError(f"{url}: {reason}; {size} bytes are saved, the same command resumes there") from error
    if expected and (actual := file_stamp(part)) != expected:
        part.unlink()
        raise WeightsError(f"{url}: its sha256 is {actual[:12]}, expected {expected[:12]}; the download was deleted")
    part.replace(path)
    return path


def check_sha256(text: str) -> str:
    """A SHA-256 in lower case; empty if it is empty."""
    if text and not re.fullmatch("[0-9a-f]{64}", text.strip().lower()):
        raise ConfigError(f"--sha256 {text!r}: expected 64 hexadecimal digits")
    return text.strip().lower()


def _check_address(url: str, expected: str) -> None:
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES or "://" not in url:
        raise WeightsError(f"{url}: only http and https are supported")
    if scheme == "http" and not expected:
        raise WeightsError(
            f"{url}: plain http is not safe without the hash of the file, which is not known here; "
            "give it with --sha256, or use https"
        )


class SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only, and never from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        old, new = (address.partition("://")[0].lower() for address in (req.full_url, newurl))
        if new not in SCHEMES or (old == "https" and new == "http"):
            raise WeightsError(f"{req.full_url}: it redirects to {newurl}, which was refused: it is not safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _append(url: str, part: Path, progress: Progress) -> None:
    """Download the bytes that are still missing in a partial file."""
    size = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={size}-"} if size else {})
    try:
        response = urllib.request.build_opener(SafeRedirects).open(request, timeout=TIMEOUT)
    except HTTPError as error:
        if size and error.code == 416:  # range not satisfiable: the partial file is already complete
            return
        raise
    with response:
        resumed = response.status == 206
        size = size if resumed else 0
        if resumed and not str(response.headers.get("Content-Range")).startswith(f"bytes {size}-"):
            part.unlink()
            raise OSError(f"the server sent another part of the file: {response.headers.get('Content-Range')!r}")
        total = size + int(response.headers.get("Content-Length") or 0)
        with part.open("ab" if resumed else "wb") as file:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                size += len(chunk)
                if size > MOST:
                    raise OSError(f"the server sent more than {MOST} bytes")
                progress("download", size, total)
    if total and size < total:
        raise OSError(f"the connection ended after {size} of {total} bytes")
