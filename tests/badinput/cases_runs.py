"""Folders of finished runs and benchmarks that are damaged, and hostile caches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from badinput.bad_files import damages, mask
from badinput.harness import Case

RECORD: dict[str, Any] = {
    "format": 2, "key": "k", "stages": {"target": "target-x", "motion": "motion-x"}, "frames": [], "decisions": [],
    "notes": [], "seconds": {}, "video": {"source": "nowhere.mp4"}, "target": "x", "weights": {},
    "cost": {}, "losses": {}, "recipe": {"name": "none", "miner": "", "options": {}},
}  # fmt: skip


def cases() -> Iterator[Case]:
    """All cases of this file."""
    good = json.dumps(RECORD).encode()
    for name, data in {**damages(good, 7), **_wrong_records()}.items():
        files = {"run.json": data, "maps/00000.png": mask(), ".boostvsod/x": b""}
        yield Case(f"report: {name}", ("report", "{in}"), files, (2, 3, 7))
        yield Case(f"explain: {name}", ("explain", "{in}"), files, (2, 3, 7))
    for name, data in damages(b'{"command": "boostvsod bench"}', 8).items():
        yield Case(f"report of a benchmark: {name}", ("report", "{in}"), {"bench.json": data}, (2, 3))
    for name, data in {"a list": b"[]", "no command": b"{}", "a number": b"1"}.items():
        yield Case(f"report of a benchmark: {name}", ("report", "{in}"), {"bench.json": data}, (2, 3))
    yield Case("explain, unknown frame", ("explain", "{in}", "--frame", "9"), {"run.json": good}, (2, 3))


def _wrong_records() -> dict[str, bytes]:
    """Records that are JSON, but not what a run writes."""
    wrong: dict[str, Any] = {
        "a list": [],
        "a number": 1,
        "null": None,
        "no stages": {key: value for key, value in RECORD.items() if key != "stages"},
        "no frames": {key: value for key, value in RECORD.items() if key != "frames"},
        "frames that are a text": RECORD | {"frames": "abc"},
        "a frame without a name": RECORD | {"frames": [{}]},
        "a name that leads out": RECORD | {"frames": [{"frame": "../../x", "mined": True, "scores": {}, "why": ""}]},
        "a map that lacks": RECORD | {"frames": [{"frame": "9", "mined": True, "scores": {}, "why": ""}]},
        "a wrong decision": RECORD | {"decisions": [{"nothing": 1}]},
        "another format": RECORD | {"format": 999},
        "no recipe": {key: value for key, value in RECORD.items() if key != "recipe"},
        "no video": {key: value for key, value in RECORD.items() if key != "video"},
    }
    return {name: json.dumps(value).encode() for name, value in wrong.items()} | {"deep": b"[" * 9000}
