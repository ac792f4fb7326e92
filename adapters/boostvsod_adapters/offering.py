"""Builders and offers of published networks as targets and students. Cheap to import: no torch here."""

from __future__ import annotations

from functools import partial

from boostvsod.kinds import Student, Target
from boostvsod.offer import Offer, SideOrOwn
from boostvsod.runtime import Runtime
from boostvsod_adapters.published import Published


def build_target(published: Published, runtime: Runtime, weights: str = "", size: SideOrOwn = 0) -> Target:
    """`weights`: a file; by default the file cached under the network's name. `size`: 0 is the authors' size."""
    from boostvsod_adapters.running import ImageTarget

    return ImageTarget(published, runtime, weights or published.name, size)


def build_student(published: Published, weights: str = "", size: SideOrOwn = 0) -> Student:
    """The same network in the form that can be trained."""
    from boostvsod_adapters.running import student_of

    return student_of(published, weights or published.name, size)


def target(published: Published) -> Offer[Target]:
    """The offer of a published network as a target."""
    build = partial(build_target, published)
    return Offer(published.name, published.summary, build, _licence(published), published.card)


def student(published: Published) -> Offer[Student]:
    """The offer of a published network as a student."""
    build = partial(build_student, published)
    return Offer(published.name, published.summary, build, _licence(published), published.card)


def _licence(published: Published) -> str:
    return f"{published.card.weights_licence} (weights)"
