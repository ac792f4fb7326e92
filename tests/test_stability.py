"""Names that third parties use stay, or work for one more version with a warning."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import pytest
from made import ROOT, call
from public_names import RECORDED, public_names

import boostvsod
from boostvsod import Offer, registry
from boostvsod.boosting.plan import find_recipe
from boostvsod.errors import ConfigError
from boostvsod.errors.renamed import MOVED, old_names, warn_renamed
from boostvsod.offer import Formerly, Range
from boostvsod.recipe import FORMERLY
from boostvsod.settings import options_of


@pytest.mark.skipif(not (ROOT / "boostvsod").is_dir(), reason="needs the source tree")
def test_public_names_are_those_recorded() -> None:
    recorded, now = set(RECORDED.read_text().splitlines()), set(public_names())
    assert not recorded - now, "these were removed or changed: keep them for one version (docs/plugins.md, Stability)"
    assert not now - recorded, "these are new: run `python tests/public_names.py`"


def test_the_record_has_the_names_of_every_protocol() -> None:
    names = public_names()
    for name in ("boostvsod.boost", "boostvsod.kinds.Target.predict(windows)", "boostvsod.kinds.Frame.rgb"):
        assert name in names
    assert "boostvsod.offer.Offer.build" in names
    assert "boostvsod.testing.check_target(build, frames)" in names
    assert not [name for name in names if "._" in name]


def deprecated() -> Iterator[tuple[str, str]]:
    """Every old name that still works, and the version that no longer has it."""
    for module in ("kinds", "recipe"):
        import_module(f"boostvsod.{module}")
    yield from ((name, until) for name, (_, until) in MOVED.items() if name.startswith("boostvsod."))
    yield from ((f"recipe.{name}", until) for name, (_, until) in FORMERLY.items())
    for kind in registry.KINDS:
        for name, offer in registry.offers(kind).items():
            own = [option.formerly for option in options_of(offer.build).values()]
            yield from ((f"{kind} {name}: {old.name}", old.until) for old in (offer.formerly, *own) if old)


def test_no_old_name_outlives_its_version() -> None:
    found = list(deprecated())
    assert ("boostvsod.kinds.check_map", "0.3") in found
    this = tuple(map(int, boostvsod.__version__.split(".")[:2]))
    assert not [name for name, until in found if tuple(map(int, until.split("."))) <= this], "remove these names"


@pytest.mark.parametrize(
    ("module", "name", "home"),
    [
        ("kinds", "check_map", "media.maps"),
        ("kinds", "check_flow", "flow.tools"),
        ("recipe", "find_recipe", "boosting.plan"),
    ],
)
def test_moved_names_still_work_with_a_warning(module: str, name: str, home: str) -> None:
    old = import_module(f"boostvsod.{module}")
    with pytest.warns(
        DeprecationWarning, match=rf"{module}\.{name} is now boostvsod\.{home}\.{name}; .* until .* 0\.3"
    ):
        found = getattr(old, name)
    assert found is getattr(import_module(f"boostvsod.{home}"), name)
    with pytest.raises(AttributeError, match=f"module 'boostvsod.{module}' has no attribute 'nothing'"):
        _ = old.nothing


def test_the_warning_names_the_line_that_uses_the_old_name() -> None:
    module: dict[str, Any] = {}
    exec("def use(): return lookup('old')", module)
    module["lookup"] = old_names("mine", {"old": ("boostvsod.kinds.Frame", "9.9")})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert module["use"]() is boostvsod.Frame
    assert [str(each.filename) for each in caught] == ["<string>"]
    del MOVED["mine.old"]


@pytest.fixture
def old_plugin(monkeypatch: pytest.MonkeyPatch) -> Callable[..., float]:
    """A miner `sharp` that was called `blurred`, with an option `limit` that was called `T`."""
    warn_renamed.cache_clear()

    def build(limit: Annotated[float, Range(0, 1), Formerly("T", "9.9")] = 0.5) -> float:
        return limit

    offer: Offer[Any] = Offer("sharp", "a test", build, formerly=Formerly("blurred", "9.9"))
    monkeypatch.setitem(registry.door().offered["miners"], "sharp", [registry.Entry(offer, "mine:sharp")])
    return build


def test_old_names_of_parts_and_options_work_with_one_warning(
    old_plugin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "boostvsod"):
        recipe = find_recipe("nr", ["recipe.miner=blurred", "blurred.T=0.25"])
        made: object = registry.build("miners", recipe.miner, None, **recipe.of(recipe.miner))
    assert made == 0.25
    assert recipe.of("blurred") == {"limit": 0.25}
    assert [record.getMessage() for record in caplog.records] == [
        "miners blurred is now called sharp; the old name works until boostvsod 9.9",
        "blurred.T is now called blurred.limit; the old name works until boostvsod 9.9",
    ]


@pytest.mark.parametrize("setting", ["sharp.T=2", "sharp.T=high", "sharp.limit=2"])
def test_values_of_old_names_are_checked(setting: str, old_plugin: Any) -> None:
    with pytest.raises(ConfigError, match=r"^sharp\.limit="):
        find_recipe("nr", ["recipe.miner=sharp", setting])


def test_old_keys_of_a_recipe_work_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    warn_renamed.cache_clear()
    with caplog.at_level(logging.WARNING, "boostvsod"):
        assert find_recipe("nr", ["recipe.looks=2"]).motion_views == 2
    assert "recipe.looks is now called recipe.motion_views" in caplog.text


def test_users_see_the_warning(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warn_renamed.cache_clear()
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # those of pytest; a user's program has none
    done = call(
        "run", pictures, "--target", "classic", "--recipe", "none", "--set", "recipe.looks=2", "-o", tmp_path / "o"
    )
    assert done.exit_code == 0, done.output
    assert "recipe.looks is now called recipe.motion_views; the old name works until boostvsod 0.3" in done.stderr
