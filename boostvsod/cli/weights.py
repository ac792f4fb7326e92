"""`boostvsod weights`: get, add and check weights of published networks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from boostvsod.cli.options import debug_option, format_option, no_plugins_option, overwrite_option, say

if TYPE_CHECKING:
    from boostvsod.offer import Card


@click.group("weights")
@debug_option
@no_plugins_option
def command() -> None:
    """Weights of published networks: list, add, get, verify, path, convert."""


@command.command("list")
@format_option
def list_(form: str) -> None:
    """List the networks that have published weights: whether they are in the cache, their licence and their source."""
    from boostvsod import registry
    from boostvsod.report.tables import Cell, Table
    from boostvsod.weights.cache import cached_weights

    cached = cached_weights()
    rows: list[list[Cell]] = [
        [
            name,
            f"in cache, sha256 {cached[name].sha256[:12]}" if name in cached else "missing",
            card.weights_licence,
            card.file,
            card.weights,
        ]
        for name, card in registry.cards().items()
    ]
    click.echo(Table(["network", "weights", "licence", "file", "from"], rows).render(form))


@command.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Add it even if it does not fit the network.")
def add(name: str, file: Path, force: bool) -> None:
    """Copy FILE to the cache as the weights of the network NAME, if it fits, and record its hash."""
    from boostvsod.weights.cache import add_to_cache, cache_folder
    from boostvsod.weights.files import check_fit

    card = _card(name)
    if card.net is not None and not force:
        check_fit(name, file)
    entry = add_to_cache(name, file)
    click.echo(f"{cache_folder() / entry.file}  sha256 {entry.sha256}")
    if card.sha256:
        same = entry.sha256 == card.sha256
        say(f"{name}: this is {'the' if same else 'not the'} published file {card.file}, sha256 {card.sha256}")


@command.command()
@click.argument("name")
@click.option("--mirror", default="", help="Base address of another server that has the file.")
@click.option("--sha256", "expected", default="", help="The expected hash. Plain http needs one.")
@click.option("--offline", is_flag=True, help="Download nothing; print what to do by hand.")
def get(name: str, mirror: str, expected: str, offline: bool) -> None:
    """Download the weights of NAME from their authors, or print how to get them by hand."""
    from boostvsod.boosting.progress import show_progress
    from boostvsod.errors import WeightsError
    from boostvsod.weights.cache import add_to_cache, cache_folder
    from boostvsod.weights.download import check_sha256, download
    from boostvsod.weights.files import check_fit, how_to_get

    card = _card(name)
    url = f"{mirror.rstrip('/')}/{card.file}" if mirror else card.url
    if offline or not url:
        raise WeightsError(
            f"{name}: {'offline' if offline else 'there is no direct link to the file'}\n{how_to_get(name, card)}"
        )
    with show_progress(name) as progress:
        path = download(url, cache_folder() / f".{card.file}", check_sha256(expected) or card.sha256, progress)
    try:
        check_fit(name, path)
        entry = add_to_cache(name, path, url)
    finally:
        path.unlink(missing_ok=True)
    click.echo(f"{cache_folder() / entry.file}  sha256 {entry.sha256}")


@command.command()
def verify() -> None:
    """Compare each file in the cache with its recorded hash."""
    from boostvsod.errors import WeightsError
    from boostvsod.weights.cache import cached_weights, find_cached

    failures = []
    for name in cached_weights():
        try:
            click.echo(f"{name}: unchanged, {find_cached(name)}")
        except WeightsError as error:
            failures.append(str(error))
    if failures:
        raise WeightsError("\n".join(failures))


@command.command()
@click.argument("name")
def path(name: str) -> None:
    """Print the file from which the weights of NAME would be loaded."""
    from boostvsod.weights.files import find_weights

    click.echo(find_weights(name))


@command.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--half", is_flag=True, help="Write floats with 16 bits.")
@click.option("--network", default="", help="The network of the weights; a .caffemodel needs it.")
@overwrite_option
def convert(source: Path, target: Path, half: bool, network: str, overwrite: bool) -> None:
    """Write the tensors of SOURCE (.pth, .pt, .tar, .safetensors, .caffemodel) as the safetensors file TARGET."""
    from boostvsod.errors import ConfigError
    from boostvsod.files import Outputs
    from boostvsod.weights.files import read_weights, save_tensors, which_fit

    if target.suffix != ".safetensors":
        raise ConfigError(f"{target}: the name of TARGET must end in .safetensors")
    outputs = Outputs(target.parent, inputs=[source], overwrite=overwrite)
    outputs.check(target.name)
    card = _card(network) if network else None
    tensors = read_weights(source, card.net() if card and card.net else None)
    with outputs.writing(target.name) as path:
        save_tensors(tensors, path, half=half)
    say(f"{len(tensors)} tensors; they fit: {', '.join(which_fit(tensors)) or 'no known network'}")


def _card(name: str) -> Card:
    from boostvsod import registry
    from boostvsod.errors import ConfigError

    card = registry.card_of(name)
    if card is None:
        raise ConfigError(
            f"no network with published weights is called {name!r}; there are: {', '.join(registry.cards())}"
        )
    return card
