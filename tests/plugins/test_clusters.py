"""The LIM paper's clustering and selection against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from boostvsod_plugins.mining.clusters import (
    NEVER,
    Settings,
    cut,
    k_means,
    mine_proposals,
    profile_distance,
    salient_clusters,
    trusted_in,
)

CORNERS = np.array([[0.0, 0], [10, 0], [0, 10], [10, 10]])


def test_k_means_finds_the_groups() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([corner + rng.normal(0, 0.3, (20, 2)) for corner in CORNERS])
    labels = k_means(points, 4)
    assert [len(set(labels[i : i + 20])) for i in range(0, 80, 20)] == [1, 1, 1, 1]
    assert len(set(labels)) == 4
    assert np.array_equal(labels, k_means(points, 4))
    assert k_means(points[:3], 8).tolist() == [0, 1, 2], "fewer rows than K"
    assert set(k_means(points, 1)) == {0}


@pytest.mark.parametrize(
    ("ams", "salient"),
    [
        ([0.9, 0.85, 0.2, 0.1, 0.1, 0.0], [0, 1]),  # the steepest drop comes after the second
        ([0.2, 0.9, 0.1, 0.3], [1]),
        ([0.9, 0.85, 0.2, 0.1], [0]),  # it comes after the second, and of four fewer than two may be salient
        ([0.9, 0.9, 0.9, 0.8, 0.1, 0.1, 0.1, 0.1], [0, 1, 2]),  # of eight, at most three
        ([0.3, 0.3, 0.3, 0.3], [0]),  # all equal: one at least
        ([0.4], [0]),  # one cluster
    ],
)
def test_salient_clusters_by_hand(ams: list[float], salient: list[int]) -> None:
    pms, cluster = np.repeat(ams, 3), np.repeat(np.arange(len(ams)), 3)
    assert sorted(salient_clusters(pms, cluster, 0.5).tolist()) == salient


def test_cut_by_hand() -> None:
    assert cut(np.array([0, 0.1, 0.2, 0.3, 0.9]), 0.6) == 4  # the jump to .9 leaves four
    assert cut(np.array([0, 0.8, 0.9, 1.0, 1.2]), 0.6) == 4  # the jump at the start does not count
    assert cut(np.array([0.9, 0.8, 0.7, 0.2, 0.1]), 0.6) == 3  # descending: the drop to .2
    assert cut(np.array([0.5, 0.5, 0.5, 0.5, 0.5]), 0.6) == 3  # no step at all: xi * g
    assert cut(np.array([0, 0, 0, 0, 0.9, 0.97, 1]), 0.6) == 5  # xi * g is 4.2: the jump after four comes too early
    assert cut(np.array([0.3]), 0.6) == 1
    assert cut(np.array([]), 0.6) == 0


def test_trusted_by_hand() -> None:
    sim = np.array([0.1, 0.2, 0.3, 0.4, 5.0])
    pms = np.array([0.9, 0.1, 0.8, 0.85, 0.95])
    rows = np.arange(5)
    # by sim: 0 1 2 3 (4 is far); by PMS, descending: 4 0 3 2 (1 hardly moves)
    assert trusted_in(rows, sim, pms, 0.6, salient=True).tolist() == [0, 2, 3]
    # ascending: 1 | 2 3 0 4: from the third on the largest step, .05, is that after 2 3 (.85) or 0 (.9): the first
    assert trusted_in(rows, sim, pms, 0.6, salient=False).tolist() == [1, 2, 3]


def test_distance_is_to_the_mean_of_the_cluster() -> None:
    features = np.array([[0.0, 0], [2, 0], [5, 5]])
    assert profile_distance(features, np.array([0, 0, 1])).tolist() == [1, 1, 0]


def mining(iterations: int = 3, gamma: float = 0.6, probability: float = 0.9) -> Any:
    """Two clusters of ten. One of them moves, and the classifier finds all its rows salient."""
    rng = np.random.default_rng(3)
    features = np.concatenate([rng.normal(0, 1, (10, 4)), rng.normal(20, 1, (10, 4))])
    pms = np.concatenate([rng.uniform(0.6, 0.9, 10), rng.uniform(0, 0.2, 10)])

    def classifier(pos: np.ndarray, neg: np.ndarray) -> np.ndarray:
        return np.where(np.arange(20) < 10, probability, 1 - probability)

    return mine_proposals(features, pms, classifier, Settings(K=2, gamma=gamma, iterations=iterations))


def test_rounds_take_the_share_gamma_of_what_is_left() -> None:
    found, start = mining(), mining(iterations=0)
    trusted = int((start.positive == 0).sum())
    assert 0 < trusted < 10
    left = 10 - trusted
    for number in (1, 2, 3):
        joined = int((found.positive == number).sum())
        assert joined == int(np.ceil(0.6 * left))
        left -= joined
    assert (found.positive[10:] == NEVER).all()
    assert (found.negative[:10] == NEVER).all()
    everything = mining(iterations=1, gamma=1.0)
    assert (everything.positive[:10] >= 0).all()
    assert (everything.negative[10:] >= 0).all()


def test_an_unsure_classifier_adds_nothing() -> None:
    found = mining(probability=0.2)
    assert set(found.positive.tolist()) == {NEVER, 0}


def test_one_cluster_has_no_negatives() -> None:
    def never(pos: np.ndarray, neg: np.ndarray) -> np.ndarray:
        raise AssertionError("nothing to learn from")

    found = mine_proposals(np.zeros((6, 2)), np.linspace(0, 1, 6), never, Settings(K=1))
    assert found.salient.tolist() == [0]
    assert (found.negative == NEVER).all()
