"""Which object proposals can be trusted to be salient, and which not to be: LIM, III-B to III-F.

All of it is arithmetic on three columns, one row per proposal: the deep feature, the motion saliency PMS
inside the box (Eq. 8), and the cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.intp]
Classifier = Callable[[Ints, Ints], Floats]  # trained on rows Pos and Neg -> probability to be salient, every row
NEVER = -1  # the round of what was never mined


@dataclass(frozen=True)
class Settings:
    """Under the paper's names."""

    K: int = 8
    nu: float = 0.5
    xi: float = 0.6
    gamma: float = 0.6
    iterations: int = 3


@dataclass(frozen=True)
class Trusted:
    """What became of each proposal."""

    cluster: Ints
    salient: Ints  # the clusters that are (C+)
    positive: Ints  # the round in which it joined Pos, 0 for the start; NEVER
    negative: Ints  # and Neg


def k_means(features: Floats, K: int) -> Ints:
    """The cluster of each row, by L2; the same every time (Eq. 1). Fewer rows than K are clusters of their own."""
    if len(features) <= K:
        return np.arange(len(features))
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 100, 1e-4)
    data = np.ascontiguousarray(features, np.float32)
    _, labels, _ = cv2.kmeans(data, K, np.empty(0, np.int32), stop, 5, cv2.KMEANS_PP_CENTERS)
    return labels[:, 0].astype(np.intp)


def salient_clusters(pms: Floats, cluster: Ints, nu: float) -> Ints:
    """The clusters before the steepest drop of the sorted mean PMS, at most nu * K of them (Eq. 2 to 4)."""
    count = int(cluster.max()) + 1
    ams = np.array([pms[cluster == k].mean() if (cluster == k).any() else 0.0 for k in range(count)])
    order = np.argsort(-ams, kind="stable")
    most = max(1, int(nu * count))
    drops = np.diff(ams[order])[:most]
    return order[: int(drops.argmin()) + 1 if drops.size else 1]


def cut(values: Floats, xi: float) -> int:
    """How many of the sorted values come before the largest step among positions from xi * g on (Eq. 13 to 16).

    The paper takes the largest gradient; of descending values that is the largest drop.
    """
    total = len(values)
    steps = np.abs(np.diff(values))
    first = max(0, int(xi * total) - 1)
    return first + int(steps[first:].argmax()) + 1 if steps[first:].size else total


def trusted_in(rows: Ints, sim: Floats, pms: Floats, xi: float, *, salient: bool) -> Ints:
    """The rows of one cluster that are typical of it, and move (or, in C-, do not): Eq. 17 and 18."""
    by_sim = rows[np.argsort(sim[rows], kind="stable")]
    by_pms = rows[np.argsort(-pms[rows] if salient else pms[rows], kind="stable")]
    alpha, beta = cut(sim[by_sim], xi), cut(pms[by_pms], xi)
    return np.intersect1d(by_sim[:alpha], by_pms[:beta])


def profile_distance(features: Floats, cluster: Ints) -> Floats:
    """sim: each row's L2 distance to the mean of its cluster (Eq. 10)."""
    sim = np.zeros(len(features))
    for k in np.unique(cluster):
        rows = cluster == k
        sim[rows] = np.linalg.norm(features[rows] - features[rows].mean(0), axis=1)
    return sim


def mine_proposals(features: Floats, pms: Floats, classifier: Classifier, settings: Settings) -> Trusted:
    """Clusters, trusted rows, and the rounds in which a classifier learnt from them finds more (III-F)."""
    cluster = k_means(features, settings.K)
    salient = salient_clusters(pms, cluster, settings.nu)
    in_salient = np.isin(cluster, salient)
    sim = profile_distance(features, cluster)
    found = Trusted(cluster, salient, np.full(len(pms), NEVER), np.full(len(pms), NEVER))
    for k in np.unique(cluster):
        joined = found.positive if k in salient else found.negative
        rows = np.flatnonzero(cluster == k)
        joined[trusted_in(rows, sim, pms, settings.xi, salient=k in salient)] = 0
    for number in range(1, settings.iterations + 1):
        pos, neg = (np.flatnonzero(joined != NEVER) for joined in (found.positive, found.negative))
        if not (pos.size and neg.size):
            break  # nothing to tell apart
        probability = classifier(pos, neg)
        uncertain = (found.positive == NEVER) & (found.negative == NEVER)
        found.positive[_nearest(uncertain & in_salient & (probability >= 0.5), sim, settings.gamma)] = number
        found.negative[_nearest(uncertain & ~in_salient & (probability < 0.5), sim, settings.gamma)] = number
    return found


def _nearest(candidates: NDArray[np.bool_], sim: Floats, gamma: float) -> Ints:
    """The share gamma of the candidates that are most like their cluster, at least one if there are any."""
    rows = np.flatnonzero(candidates)
    return rows[np.argsort(sim[rows], kind="stable")][: int(np.ceil(gamma * len(rows)))]
