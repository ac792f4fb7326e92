"""Cards of published networks, and the cache folder of their weights."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from made import call, random_net, research

from boostvsod import registry
from boostvsod.errors import WeightsError
from boostvsod.runtime import Runtime
from boostvsod.stamps import file_stamp
from boostvsod.weights.files import which_fit


@pytest.mark.parametrize("name", registry.cards())
def test_cards_are_correct(name: str) -> None:
    card = registry.cards()[name]
    with torch.device("meta"):
        net = random_net(card)
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(card.millions, abs=0.01)
    assert name in which_fit(net.state_dict())
    assert card.code.startswith("https://")
    assert card.weights.startswith("https://")
    assert card.weights_licence
    assert card.file


def test_cached_weights_are_found_by_name(raft_small_file: Path, home: Path) -> None:
    missing = call("weights", "path", "raft-small")
    assert missing.exit_code == 5
    assert "boostvsod weights add raft-small raft-small.pth" in missing.output
    assert call("weights", "add", "raft-small", str(raft_small_file)).exit_code == 0
    assert Path(call("weights", "path", "raft-small").stdout.strip()) == home / "weights" / "raft-small.pth"
    assert file_stamp(raft_small_file)[:12] in call("weights", "list").stdout
    assert call("weights", "verify").exit_code == 0
    registry.build("flows", "raft-small", Runtime())


def test_a_changed_file_is_noticed(raft_small_file: Path, home: Path) -> None:
    call("weights", "add", "raft-small", str(raft_small_file))
    with (home / "weights" / "raft-small.pth").open("ab") as cached:
        cached.write(b"x")
    verified = call("weights", "verify")
    assert verified.exit_code == 5
    assert "has changed" in verified.output
    with pytest.raises(WeightsError, match="has changed"):
        registry.build("flows", "raft-small", Runtime())


def test_weights_that_do_not_fit_are_not_cached(raft_small_file: Path) -> None:
    refused = call("weights", "add", "raft", str(raft_small_file))
    assert refused.exit_code == 5
    assert "does not fit RAFT" in refused.output
    assert "they fit raft-small" in refused.output
    assert call("weights", "path", "raft").exit_code == 5
    assert call("weights", "add", "nosuch", str(raft_small_file)).exit_code == 2


def test_cards_name_the_source_that_they_were_compared_with() -> None:
    cards = registry.cards()
    without = {name for name, card in cards.items() if not card.source}
    assert without == {"pdb"}, "no output of its authors' code is recorded"
    for name, card in cards.items():
        assert not card.source or re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/tree/[0-9a-f]{40}", card.source)
        assert not card.sha256 or re.fullmatch("[0-9a-f]{64}", card.sha256), name


def test_the_published_file_has_the_hash_of_its_card() -> None:
    assert file_stamp(research("weights/raft-small.pth")) == registry.cards()["raft-small"].sha256


def test_adding_says_whether_a_file_is_the_published_one(raft_small_file: Path, home: Path) -> None:
    done = call("weights", "add", "raft-small", str(raft_small_file))
    assert "raft-small: this is not the published file raft-small.pth, sha256 c7d41b9c" in done.stderr
