"""The plugin door: all hooks that a plugin may implement. The built-in parts use the same hooks.

A plugin is a module with one or more of these functions. It is named in the pyproject.toml of its distribution:

    [project.entry-points.boostvsod]
    mynet = "my_package.mynet"

This is the complete module my_package/mynet.py:

    from boostvsod import Offer, hookimpl

    def build(runtime, weights="mynet.pth"):
        from my_package.net import MyNetTarget      # slow imports belong here
        return MyNetTarget(weights, runtime.device)

    @hookimpl
    def offer_targets():
        return [Offer("mynet", "my saliency network", build)]

`boostvsod.testing` has functions that check whether a part fulfils its contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from boostvsod.kinds import Densifier, FlowBackend, Fuser, Layout, Miner, MotionSaliency, Proposer, Student, Target
    from boostvsod.offer import Offer
    from boostvsod.recipe import Recipe

hookspec = pluggy.HookspecMarker("boostvsod")
hookimpl = pluggy.HookimplMarker("boostvsod")


@hookspec
def offer_targets() -> list[Offer[Target]]:
    """Offer saliency networks whose maps are to be boosted. They only predict; see `kinds.Target`."""
    ...


@hookspec
def offer_students() -> list[Offer[Student]]:
    """Offer trainable networks that can learn one video; see `kinds.Student`."""
    ...


@hookspec
def offer_flows() -> list[Offer[FlowBackend]]:
    """Offer optical-flow backends; see `kinds.FlowBackend`."""
    ...


@hookspec
def offer_motion() -> list[Offer[MotionSaliency]]:
    """Offer motion saliency: maps of what moves differently; see `kinds.MotionSaliency`."""
    ...


@hookspec
def offer_miners() -> list[Offer[Miner]]:
    """Offer miners, which choose trustworthy frames; see `kinds.Miner`."""
    ...


@hookspec
def offer_densifiers() -> list[Offer[Densifier]]:
    """Offer densifiers, which make truth for frames between the mined ones; see `kinds.Densifier`."""
    ...


@hookspec
def offer_proposals() -> list[Offer[Proposer]]:
    """Offer proposers, which find boxes that may contain objects; see `kinds.Proposer`."""
    ...


@hookspec
def offer_fusers() -> list[Offer[Fuser]]:
    """Offer fusers, which combine the target's, the motion and the student's map; see `kinds.Fuser`."""
    ...


@hookspec
def offer_recipes() -> list[Offer[Recipe]]:
    """Offer recipes, which choose a plugin and options for every part; see `recipe.Recipe`."""
    ...


@hookspec
def offer_datasets() -> list[Offer[Layout]]:
    """Offer layouts: how the files of a data set are arranged on disk; see `datasets.Layout`."""
    ...


@hookspec
def add_commands(cli: click.Group) -> None:
    """Add commands to the command line."""
