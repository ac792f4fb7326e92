"""`boostvsod weights`: where the published networks' weights are, and which are here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from boostvsod.cli.options import debug_option, format_option, no_plugins_option, say

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
    """Every network that has weights of its own: here or missing, licence, and where its authors keep them."""
    from boostvsod import registry
    from boostvsod.report.tables import Cell, Table
    from boostvsod.weights.cache import cached_weights

    here = cached_weights()
    rows: list[list[Cell]] = [
        [
            name,
            f"kept, {here[name].sha256[:12]}" if name in here else "missing",
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
@click.option("--force", is_flag=True, help="Keep it though it does not fit the network.")
def add(name: str, file: Path, force: bool) -> None:
    """Keep a copy of FILE as the weights of the network NAME, if it fits, and remember its hash."""
    from boostvsod.weights.cache import add_to_cache, cache_folder
    from boostvsod.weights.files import check_fit

    card = _card(name)
    if card.net is not None and not force:
        check_fit(name, file)
    entry = add_to_cache(name, file)
    click.echo(f"{cache_folder() / entry.file}  sha256 {entry.sha256}")


@command.command()
@click.argument("name")
@click.option("--mirror", default="", help="Base address to fetch the file from instead.")
@click.option("--sha256", "expected", default="", help="What the file's hash must be.")
@click.option("--offline", is_flag=True, help="Fetch nothing; say what would have to be done.")
def get(name: str, mirror: str, expected: str, offline: bool) -> None:
    """Fetch the weights of NAME from where its authors keep them, or say how to get them by hand."""
    from boostvsod.cli.show import shown
    from boostvsod.errors import WeightsError
    from boostvsod.weights.cache import add_to_cache, cache_folder
    from boostvsod.weights.download import download
    from boostvsod.weights.files import check_fit, how_to_get

    card = _card(name)
    url = f"{mirror.rstrip('/')}/{card.file}" if mirror else card.url
    if offline or not url:
        raise WeightsError(
            f"{name}: {'offline' if offline else 'no link leads to the file itself'}\n{how_to_get(name, card)}"
        )
    with shown(name) as progress:
        path = download(url, cache_folder() / f".{card.file}", expected, progress)
    try:
        check_fit(name, path)
        entry = add_to_cache(name, path, url)
    finally:
        path.unlink(missing_ok=True)
    click.echo(f"{cache_folder() / entry.file}  sha256 {entry.sha256}")


@command.command()
def verify() -> None:
    """Look at the hash of everything that is kept."""
    from boostvsod.errors import WeightsError
    from boostvsod.weights.cache import cached_weights, find_cached

    failures = []
    for name in cached_weights():
        try:
            click.echo(f"{name}: as it was, {find_cached(name)}")
        except WeightsError as error:
            failures.append(str(error))
    if failures:
        raise WeightsError("\n".join(failures))


@command.command()
@click.argument("name")
def path(name: str) -> None:
    """Print the file that NAME would be loaded from."""
    from boostvsod.weights.files import find_weights

    click.echo(find_weights(name))


@command.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--half", is_flag=True, help="Floats in 16 bits.")
@click.option("--network", default="", help="Of which network they are; a .caffemodel does not say.")
def convert(source: Path, target: Path, half: bool, network: str) -> None:
    """Write the tensors of SOURCE (.pth, .pt, .tar, .safetensors, .caffemodel) as the safetensors file TARGET."""
    from boostvsod.errors import ConfigError
    from boostvsod.weights.files import read_weights, save_tensors, which_fit

    if target.suffix != ".safetensors":
        raise ConfigError(f"{target}: the name of what is written must end in .safetensors")
    card = _card(network) if network else None
    tensors = read_weights(source, card.net() if card and card.net else None)
    save_tensors(tensors, target, half=half)
    say(f"{len(tensors)} tensors; they fit: {', '.join(which_fit(tensors)) or 'no network on offer'}")


def _card(name: str) -> Card:
    from boostvsod import registry
    from boostvsod.errors import ConfigError

    card = registry.card_of(name)
    if card is None:
        raise ConfigError(
            f"no network with weights of its own is called {name!r}; there are: {', '.join(registry.cards())}"
        )
    return card
