"""Target specs: names, functions in a file, and errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import ROOT

from boostvsod import boost
from boostvsod.errors import ConfigError, PluginError
from boostvsod.media.synthetic import Clip
from boostvsod.runtime import Runtime
from boostvsod.targets import TargetSpec, open_target, split_label

EXAMPLES = ROOT / "examples"


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="needs the source tree")
def test_a_function_in_a_file(clip: Clip, tmp_path: Path) -> None:
    example = EXAMPLES / "wrap_your_model.py"
    assert len(example.read_text().splitlines()) <= 15
    assert len(boost(clip.frames, f"{example}:build", "none", tmp_path / "out").maps) == 12


def test_files_that_are_no_targets_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def build(): return 7\nbroken = 3\n")
    (tmp_path / "b.py").write_text("import nothing_of_the_kind\n")
    for spec, error, message in (
        (f"{tmp_path}/a.py:build", PluginError, "int is neither a target"),
        (f"{tmp_path}/a.py:broken", PluginError, "has no function 'broken'"),
        (f"{tmp_path}/b.py", PluginError, "cannot be imported: ModuleNotFoundError"),
        (f"{tmp_path}/c.py", ConfigError, "there is no file"),
        ("classic:x", ConfigError, "takes nothing after the colon"),
        ("sssav", ConfigError, "nothing is called 'sssav'"),
    ):
        with pytest.raises(error, match=message):
            open_target(spec, Runtime())


def test_targets_have_short_names() -> None:
    assert split_label("csnet=maps:a=b/x") == ("csnet", "maps:a=b/x")
    assert split_label("maps:data.zip/{video}/pred_csnet") == ("pred_csnet", "maps:data.zip/{video}/pred_csnet")
    assert split_label("lite") == ("lite", "lite")


def test_an_option_that_is_given_twice_is_refused() -> None:
    spec = TargetSpec.parse("lite:lite-slim")
    spec.check({"weights": "lite-slim"})
    for use in (lambda: spec.check({"weights": "lite"}), lambda: spec.build(Runtime(), {"weights": "lite"})):
        with pytest.raises(ConfigError, match="lite:lite-slim and weights=lite name two different weights; leave one"):
            use()
