"""``mockseg catalogue samples``: a payload of every event, and its labelled invalid ones."""

from __future__ import annotations

from pathlib import Path

import click

from mockseg.catalogue.samples import samples
from mockseg.cli.output import say
from mockseg.errors import ConfigError
from mockseg.json_types import JsonObject, pretty


@click.command(name="samples")
@click.argument("folder", metavar="DIR")
@click.option("--plan", metavar="PLAN", help="Of this plan only; all by default.")
def samples_command(*, folder: str, plan: str | None) -> None:
    """Write a good payload and the labelled invalid ones of every event below DIR.

    Files are DIR/PLAN/EVENT.json and DIR/PLAN/EVENT.invalid.json. Older ones of the same
    name are written over; nothing is written outside of DIR, whatever links are in it.
    """
    files = list(samples(None if plan is None else (plan,)))
    root = Path(folder)
    try:
        root.mkdir(parents=True, exist_ok=True)
        # Every place is looked at before the first file is touched.
        places = [(_place(root, path), content) for path, content in files]
        for place, content in places:
            _write(place, content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        name = getattr(error, "filename", None) or folder
        raise ConfigError(f"cannot write {name}: {reason}") from None
    good = sum(not path.endswith(".invalid.json") for path, _ in files)
    invalid = sum(len(content["invalid"]) for _, content in files if "invalid" in content)
    say(
        f"{len(files)} files written to {folder}: {good} good payloads,"
        f" and {len(files) - good} files with {invalid} invalid ones"
    )


def _place(root: Path, path: str) -> Path:
    """Give the file that a sample belongs into, links followed.

    Raises:
        ConfigError: a link leads out of the folder.
    """
    home = root.resolve()
    place = (home / path).resolve()
    if not place.is_relative_to(home):
        raise ConfigError(
            f"{root / path} is a link that leads out of {root}, to {place};"
            " nothing is written there, and nothing was"
        )
    return place


def _write(place: Path, content: JsonObject) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(f"{pretty(content)}\n".encode())
