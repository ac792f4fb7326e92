"""The plugin door: every hook a plugin may implement. Built-ins come in by it as well.

A plugin is a module with one or more of these functions, named in its distribution's pyproject.toml:

    [project.entry-points.boostvsod]
    mynet = "my_package.mynet"

and the module, my_package/mynet.py, in full:

    from boostvsod import Offer, hookimpl

    def build(runtime, weights="mynet.pth"):
        from my_package.net import MyNetTarget      # the heavy imports wait until here
        return MyNetTarget(weights, runtime.device)

    @hookimpl
    def offer_targets():
        return [Offer("mynet", "my saliency network", build)]

`boostvsod.testing` holds the checks that tell you whether what you built keeps the contract.
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
    """Offer saliency networks to be boosted. They only predict; see `kinds.Target`."""
    ...


@hookspec
def offer_students() -> list[Offer[Student]]:
    """Offer trainable image networks that can learn one video; see `kinds.Student`."""
    ...


@hookspec
def offer_flows() -> list[Offer[FlowBackend]]:
    """Offer optical-flow backends; see `kinds.FlowBackend`."""
    ...


@hookspec
def offer_motion() -> list[Offer[MotionSaliency]]:
    """Offer ways to see what stands out in a flow field; see `kinds.MotionSaliency`."""
    ...


@hookspec
def offer_miners() -> list[Offer[Miner]]:
    """Offer ways to choose trustworthy frames; see `kinds.Miner`."""
    ...


@hookspec
def offer_densifiers() -> list[Offer[Densifier]]:
    """Offer ways to make truth for frames between the mined ones; see `kinds.Densifier`."""
    ...


@hookspec
def offer_proposals() -> list[Offer[Proposer]]:
    """Offer ways to find boxes that may hold objects; see `kinds.Proposer`."""
    ...


@hookspec
def offer_fusers() -> list[Offer[Fuser]]:
    """Offer ways to make the final map of the target's, the motion's and the student's; see `kinds.Fuser`."""
    ...


@hookspec
def offer_recipes() -> list[Offer[Recipe]]:
    """Offer recipes: which part does what, with which options; see `recipe.Recipe`."""
    ...


@hookspec
def offer_datasets() -> list[Offer[Layout]]:
    """Offer ways data sets lie on disk; see `datasets.Layout`."""
    ...


@hookspec
def add_commands(cli: click.Group) -> None:
    """Add commands to the command line."""
