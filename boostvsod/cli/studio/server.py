"""The routes of the studio, and the guard in front of them.

The server listens on this machine only. The address begins with a secret token, so other users and other pages of the
browser cannot use it. Requests for other hosts (DNS rebinding) or from other origins are refused.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

import boostvsod.report.page
from boostvsod.boosting.plan import find_recipe
from boostvsod.boosting.report import NAME as REPORT
from boostvsod.cli.list import table
from boostvsod.cli.studio.clip import film_names
from boostvsod.cli.studio.session import Busy, Session
from boostvsod.cli.studio.uploads import BACKDROPS, CLIPS, TooLarge, Upload, allowed_name
from boostvsod.errors import BoostError, ConfigError, InputError
from boostvsod.kinds import Map, Rgb
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map
from boostvsod.recipe import BALANCED, EFFORTS

LOOPBACK = "127.0.0.1"
HERE, SHARED = Path(__file__).parent, Path(boostvsod.report.page.__file__).parent
ASSETS = {  # name -> the files that it is made of
    "studio.css": (SHARED / "parts.css", HERE / "studio.css"),
    "studio.js": (SHARED / "parts.js", HERE / "paint.js", HERE / "studio.js"),
}
TYPES = {"css": "text/css", "js": "text/javascript"}
LONGEST = 1600  # pixels of the longer side of the frames and maps that are shown
NEED_MORE = ("maps", "onnx")  # targets that need a file, which the page cannot name
MOST_JSON, MOST_MASK = 64 * 1024, 64 * 1024**2  # bytes
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 88]
FAST_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]
KEPT = {"Cache-Control": "private, max-age=3600"}  # addresses of pictures hold a version, so they never change
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
OF_REPORT = (  # the sandbox gives the report an origin of its own, which the guard refuses
    "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)


@dataclass(frozen=True)
class Guard:
    """Lets only requests through that name this machine as host and hold the token, and that come from the page."""

    app: ASGIApp
    token: str
    hosts: tuple[str, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else ""
        app = PlainTextResponse(refusal, 403) if refusal else self.app
        await app(scope, receive, partial(_send_with_headers, send))

    def _refusal(self, scope: Scope) -> str:
        """Why a request is refused; empty if it is not."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self.hosts:
            return "this server answers only under the address that boostvsod studio printed"
        if origin is not None and origin != f"http://{host}":
            return "this request comes from another page"
        given = scope["path"].split("/")[1].encode()
        return "" if secrets.compare_digest(given, self.token.encode()) else "the address lacks the right token"


async def _send_with_headers(send: Send, message: Any) -> None:
    if message["type"] == "http.response.start":
        present = {name.lower() for name, _ in message["headers"]}
        new = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        message["headers"] = [*message["headers"], *(pair for pair in new if pair[0] not in present)]
    await send(message)


@dataclass(frozen=True)
class Routes:
    """What the page can ask for."""

    session: Session
    most: int  # bytes of an upload

    def all(self) -> list[Route]:
        """Every route."""
        get, post = (partial(Route, methods=[method]) for method in ("GET", "POST"))
        return [
            get("/", self.page),
            get("/{asset:str}.{kind:str}", self.asset),
            get("/options", self.options),
            get("/state", self.state),
            get("/frames", self.frames),
            get("/doubts", self.doubts),
            get("/frames/{i:int}/picture", self.picture),
            get("/frames/{i:int}/grown", self.grown),
            get("/frames/{i:int}/{layer:str}", self.layer),
            get("/masks/{i:int}", self.mask),
            get("/films/{name:str}", self.film),
            get("/report", self.report),
            Route("/masks/{i:int}", self.correct, methods=["PUT"]),
            Route("/masks/{i:int}", self.forget, methods=["DELETE"]),
            Route("/clips/{name:str}", self.upload_clip, methods=["PUT"]),
            Route("/backdrops/{name:str}", self.upload_backdrop, methods=["PUT"]),
            get("/runs", self.runs),
            post("/open", self.open),
            post("/run", self.run),
            post("/export", self.export),
            post("/cancel", self.cancel),
        ]

    def page(self, request: Request) -> Response:
        """The page itself. Its address ends in a slash, so that its links hold the token."""
        return Response((HERE / "page.html").read_bytes(), media_type="text/html")

    def asset(self, request: Request) -> Response:
        """The style or the script."""
        kind = request.path_params["kind"]
        files = ASSETS.get(f"{request.path_params['asset']}.{kind}")
        if files is None:
            raise InputError("there is no such file")
        return Response(b"\n".join(path.read_bytes() for path in files), media_type=TYPES[kind])

    def options(self, request: Request) -> Response:
        """What can be chosen: targets, recipes, films; and the limit of uploads."""
        chosen = {"target": self.session.target, "recipe": self.session.recipe}
        offered = {f"{part}s": _choices(f"{part}s", name) for part, name in chosen.items()}
        offered["recipes"] = [{**choice, "efforts": efforts_of(choice["name"])} for choice in offered["recipes"]]
        facts = {"films": list(film_names()), "most": self.most, "clips": CLIPS, "backdrops": BACKDROPS}
        return JSONResponse({**offered, **chosen, **facts})

    def state(self, request: Request) -> Response:
        """See `Session.state`."""
        return JSONResponse(self.session.state())

    def frames(self, request: Request) -> Response:
        """Names, scores and reasons of all frames."""
        return JSONResponse(self.session.clip.frames())

    def doubts(self, request: Request) -> Response:
        """See `Clip.doubts`."""
        return JSONResponse(self.session.clip.doubts())

    def picture(self, request: Request) -> Response:
        """A frame as JPEG."""
        rgb = _shown(self.session.clip.picture(request.path_params["i"]))
        return _encoded(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), JPEG)

    def layer(self, request: Request) -> Response:
        """A map as white with the map as alpha, which the page tints."""
        saliency = self.session.clip.layer(request.path_params["i"], request.path_params["layer"])
        return _encoded(".png", _white(_shown_map(saliency)), FAST_PNG)

    def mask(self, request: Request) -> Response:
        """The mask of a corrected frame, in the same way."""
        return _encoded(".png", _white(self.session.clip.mask(request.path_params["i"])), FAST_PNG)

    def grown(self, request: Request) -> Response:
        """Distances from a click, as alpha."""
        x, y = (_whole_number(request.query_params.get(name)) for name in "xy")
        return _encoded(".png", _white(self.session.clip.grown(request.path_params["i"], x, y)), FAST_PNG)

    def film(self, request: Request) -> Response:
        """An exported film, whole or in parts; with `?download` under a name of its own."""
        path = self.session.clip.film(request.path_params["name"])
        name = f"{self.session.clip.video.name}-{path.name}"
        return FileResponse(path, filename=name if "download" in request.query_params else None)

    def report(self, request: Request) -> Response:
        """The report of the run, which may run its own script only."""
        path = self.session.clip.folder / REPORT
        if not path.is_file():
            raise InputError("there is no report yet; run the clip first")
        return FileResponse(path, headers={"Content-Security-Policy": OF_REPORT})

    async def correct(self, request: Request) -> Response:
        """Take the mask of a frame."""
        data = await _body(request, MOST_MASK)
        await run_in_threadpool(self.session.correct, request.path_params["i"], data)
        return JSONResponse(self.session.state())

    def forget(self, request: Request) -> Response:
        """Remove the mask of a frame."""
        self.session.forget(request.path_params["i"])
        return JSONResponse(self.session.state())

    async def upload_clip(self, request: Request) -> Response:
        """Take a clip, and open it."""
        path = await self._upload(request, CLIPS)
        self.session.open(str(path))
        return JSONResponse(self.session.state())

    async def upload_backdrop(self, request: Request) -> Response:
        """Take the background for `replace`."""
        self.session.backdrop = await self._upload(request, BACKDROPS)
        return JSONResponse(self.session.state())

    async def _upload(self, request: Request, suffixes: tuple[str, ...]) -> Path:
        """Write a body to disk as it comes."""
        name = allowed_name(request.path_params["name"], suffixes)
        if int(request.headers.get("content-length", 0)) > self.most:
            raise TooLarge(f"{name} is larger than {self.most / 1e6:g} MB; see --most-megabytes")
        with Upload(self.session.root, name, self.most) as upload:
            async for data in request.stream():
                await run_in_threadpool(upload.write, data)
            return await run_in_threadpool(upload.finish)

    def runs(self, request: Request) -> Response:
        """See `Session.runs`."""
        return JSONResponse(self.session.runs())

    async def open(self, request: Request) -> Response:
        """Open a run, by its name among `runs`."""
        (run,) = await _texts(request, "run")
        if run not in self.session.runs():
            raise InputError(f"there is no run {run!r} in {self.session.root}")
        await run_in_threadpool(self.session.open, str(self.session.root / run))
        return JSONResponse(self.session.state())

    async def run(self, request: Request) -> Response:
        """Run the clip, or learn again."""
        target, recipe, effort = await _texts(request, "target", "recipe", "effort")
        for part, name, usual in (("target", target, self.session.target), ("recipe", recipe, self.session.recipe)):
            offered = [choice["name"] for choice in _choices(f"{part}s", usual)]
            if name and name not in offered:  # a name may be a file with code: only the command line can give one
                raise ConfigError(f"the {part} {name!r} is unknown; there are: {', '.join(offered)}")
        if effort and effort not in efforts_of(recipe):
            raise ConfigError(f"the effort {effort!r} is unknown; there are: {', '.join(efforts_of(recipe))}")
        await run_in_threadpool(self.session.run, target, recipe, effort)
        return JSONResponse(self.session.state())

    async def export(self, request: Request) -> Response:
        """Make a film."""
        (film,) = await _texts(request, "film")
        if film not in film_names():
            raise ConfigError(f"the film {film!r} is unknown; there are: {', '.join(film_names())}")
        await run_in_threadpool(self.session.export, film)
        return JSONResponse(self.session.state())

    def cancel(self, request: Request) -> Response:
        """Stop the job at work."""
        self.session.cancel()
        return JSONResponse(self.session.state())


def _choices(kind: str, given: str) -> list[dict[str, Any]]:
    """The targets or recipes that can be chosen; `ready` is false if weights are missing. `given` is among them."""
    rows = [row for row in table(kind) if row["name"] not in NEED_MORE]
    choices = [{"name": r["name"], "summary": r["summary"], "ready": r["weights"] != "missing"} for r in rows]
    known = given in [choice["name"] for choice in choices]
    return choices if known else [{"name": given, "summary": "given on the command line", "ready": True}, *choices]


def _shown(rgb: Rgb) -> Rgb:
    """A frame at the size at which it is shown."""
    scale = min(1.0, LONGEST / max(rgb.shape))
    return resize_rgb(rgb, *(max(1, round(side * scale)) for side in rgb.shape[:2]))


def _shown_map(saliency: Map) -> Map:
    scale = min(1.0, LONGEST / max(saliency.shape))
    return resize_map(saliency, *(max(1, round(side * scale)) for side in saliency.shape))


def _white(saliency: Map) -> np.ndarray:
    """White with a map as alpha, H x W x 4 bytes."""
    picture = np.full((*saliency.shape, 4), 255, np.uint8)
    picture[..., 3] = np.rint(saliency * 255)
    return picture


def _encoded(suffix: str, picture: np.ndarray, options: list[int]) -> Response:
    done, data = cv2.imencode(suffix, picture, options)
    assert done, "OpenCV always encodes pictures of bytes"
    return Response(data.tobytes(), media_type="image/jpeg" if suffix == ".jpg" else "image/png", headers=KEPT)


def _whole_number(text: str | None) -> int:
    if text is None or not text.isdecimal() or len(text) > 6:
        raise InputError(f"{text!r} is not a whole number of pixels")
    return int(text)


def efforts_of(recipe: str) -> list[str]:
    """The efforts that a recipe offers. The recipe of the run before, which has no name, keeps its own."""
    if not recipe:
        return []
    offered = find_recipe(recipe).efforts
    return [effort for effort in EFFORTS if effort == BALANCED or effort in offered]


async def _body(request: Request, most: int) -> bytes:
    """The body of a request, up to a limit."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise TooLarge(f"the request is larger than {most} bytes")
    return bytes(data)


async def _texts(request: Request, *names: str) -> list[str]:
    """Texts of a JSON object, by name."""
    try:
        given = json.loads(await _body(request, MOST_JSON))
        texts = [given[name] for name in names]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"expected a JSON object with {', '.join(names)}") from error
    if not all(isinstance(text, str) for text in texts):
        raise InputError(f"expected texts for {', '.join(names)}")
    return texts


def _refused(request: Request, error: Exception) -> Response:
    """An error as JSON, with a status."""
    status = 409 if isinstance(error, Busy) else 413 if isinstance(error, TooLarge) else 400
    return JSONResponse({"error": str(error)}, status)


def application(session: Session, token: str, hosts: tuple[str, ...], most: int) -> ASGIApp:
    """The whole server as an ASGI application."""
    handlers: dict[Any, Callable[[Request, Exception], Response | Awaitable[Response]]] = {
        BoostError: _refused,
        ClientDisconnect: lambda request, error: Response(status_code=400),  # the page was closed during an upload
    }
    app = Starlette(routes=[Mount(f"/{token}", routes=Routes(session, most).all())], exception_handlers=handlers)
    return Guard(app, token, hosts)


def listen(port: int) -> socket.socket:
    """A socket on this machine alone; port 0 chooses a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()  # a browser that is quicker than the server waits
    except OSError as error:
        listener.close()
        raise ConfigError(f"--port {port}: {error.strerror}; choose another one") from error
    return listener


@dataclass(frozen=True)
class Studio:
    """A server that is ready to serve, and its address."""

    server: uvicorn.Server
    listener: socket.socket
    address: str

    @classmethod
    def of(cls, session: Session, port: int, most: int) -> Studio:
        """Listen on a port. Nothing is answered before `serve`."""
        listener, token = listen(port), secrets.token_urlsafe(24)
        number = listener.getsockname()[1]
        hosts = tuple(f"{name}:{number}" for name in (LOOPBACK, "localhost"))
        app = application(session, token, hosts, most)
        config = uvicorn.Config(
            app, http="h11", ws="none", lifespan="off", log_level="warning", server_header=False, proxy_headers=False,
            timeout_graceful_shutdown=2,
        )  # fmt: skip
        return cls(uvicorn.Server(config), listener, f"http://{LOOPBACK}:{number}/{token}/")

    def serve(self) -> None:
        """Answer until the server is told to stop."""
        self.server.run(sockets=[self.listener])
