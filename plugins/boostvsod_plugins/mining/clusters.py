"""The choice of object proposals that are certainly salient or certainly not salient: LIM, III-B to III-F.

All functions compute with three columns that have one row per proposal: the deep feature, the motion saliency PMS
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
Classifier = Callable[[Ints, Ints], Floats]  # the rows of Pos and Neg -> each row's probability to be salient
NEVER = -1  # the round of a proposal that is never mined


@dataclass(frozen=True)
class Settings:
    """The parameters, with the names of the paper."""

    K: int = 8
    nu: float = 0.5
    xi: float = 0.6
    gamma: float = 0.6
    iterations: int = 3


@dataclass(frozen=True)
class Trusted:
    """The result for each proposal, and the salient clusters."""

    cluster: Ints
    salient: Ints  # the numbers of the salient clusters (C+)
    positive: Ints  # the round in which the proposal joined Pos, 0 for the start, or NEVER
    negative: Ints  # the same for Neg


def k_means(features: Floats, K: int) -> Ints:
    """The cluster of each row by L2 distance (Eq. 1), always with the same seed. Up to K rows are a cluster each."""
    if len(features) <= K:
        return np.arange(len(features))
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 100, 1e-4)
    data = np.ascontiguousarray(features, np.float32)
    _, labels, _ = cv2.kmeans(data, K, np.empty(0, np.int32), stop, 5, cv2.KMEANS_PP_CENTERS)
    return labels[:, 0].astype(np.intp)


def salient_clusters(pms: Floats, cluster: Ints, nu: float) -> Ints:
    """The clusters before the largest drop of the sorted mean PMS, fewer than nu * K clusters (Eq. 2 to 4)."""
    count = int(cluster.max()) + 1
    ams = np.array([pms[cluster == k].mean() if (cluster == k).any() else 0.0 for k in range(count)])
    order = np.argsort(-ams, kind="stable")
    most = max(1, int(nu * count) - 1)  # Eq. 2: strictly below floor(nu * K)
    drops = np.diff(ams[order])[:most]
    return order[: int(drops.argmin()) + 1 if drops.size else 1]


def cut(values: Floats, xi: float) -> int:
    """The number of sorted values before the largest step, searched from position xi * g on (Eq. 13 to 16).

    The paper takes the largest gradient. For descending values that is the largest drop.
    """
    total = len(values)
    steps = np.abs(np.diff(values))
    first = max(0, int(np.ceil(round(xi * total, 9))) - 1)  # the first position j with j >= xi * g
    return first + int(steps[first:].argmax()) + 1 if steps[first:].size else total


def trusted_in(rows: Ints, sim: Floats, pms: Floats, xi: float, *, salient: bool) -> Ints:
    """The rows of one cluster that are typical of it and that move (in C-: do not move), Eq. 17 and 18."""
    by_sim = rows[np.argsort(sim[rows], kind="stable")]
    by_pms = rows[np.argsort(-pms[rows] if salient else pms[rows], kind="stable")]
    alpha, beta = cut(sim[by_sim], xi), cut(pms[by_pms], xi)
    return np.intersect1d(by_sim[:alpha], by_pms[:beta])


def profile_distance(features: Floats, cluster: Ints) -> Floats:
    """sim: the L2 distance of each row to the mean of its cluster (Eq. 10)."""
    sim = np.zeros(len(features))
    for k in np.unique(cluster):
        rows = cluster == k
        sim[rows] = np.linalg.norm(features[rows] - features[rows].mean(0), axis=1)
    return sim


def mine_proposals(features: Floats, pms: Floats, classifier: Classifier, settings: Settings) -> Trusted:
    """Clusters, the first trusted rows, and the rounds in which a classifier finds more of them (III-F)."""
    cluster = k_means(features, settings.K)
    salient = salient_clusters(pms, cluster, settings.nu)
    in_salient = np.isin(cluster, salient)
    sim = profile_distance(features, cluster)
    trusted = Trusted(cluster, salient, np.full(len(pms), NEVER), np.full(len(pms), NEVER))
    for k in np.unique(cluster):
        rounds = trusted.positive if k in salient else trusted.negative
        rows = np.flatnonzero(cluster == k)
        rounds[trusted_in(rows, sim, pms, settings.xi, salient=k in salient)] = 0
    for number in range(1, settings.iterations + 1):
        pos, neg = (np.flatnonzero(rounds != NEVER) for rounds in (trusted.positive, trusted.negative))
        if not (pos.size and neg.size):
            break  # a classifier needs both
        probability = classifier(pos, neg)
        uncertain = (trusted.positive == NEVER) & (trusted.negative == NEVER)
        trusted.positive[_nearest(uncertain & in_salient & (probability >= 0.5), sim, settings.gamma)] = number
        trusted.negative[_nearest(uncertain & ~in_salient & (probability < 0.5), sim, settings.gamma)] = number
    return trusted


def _nearest(candidates: NDArray[np.bool_], sim: Floats, gamma: float) -> Ints:
    """The share gamma of the candidates that is nearest to its clusters; at least one row if there are candidates."""
    rows = np.flatnonzero(candidates)
    return rows[np.argsort(sim[rows], kind="stable")][: int(np.ceil(gamma * len(rows)))]
