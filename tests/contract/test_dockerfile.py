"""The Dockerfile: what it copies, runs and sets is there. No container is built here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from manual_examples import check_flags

from mockseg.config import SERVER_SETTINGS, Settings, load, read_sources
from mockseg.manual.pages import page

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def instructions(name: str) -> Iterator[str]:
    """Yield the arguments of each instruction of this name, on one line."""
    text = DOCKERFILE.replace("\\\n", " ")
    return (found[1].strip() for found in re.finditer(rf"^{name} (.*)$", text, re.MULTILINE))


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    """Each source of COPY is a file or folder that .dockerignore lets in."""
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for arguments in instructions("COPY"):
        if arguments.startswith("--from"):
            continue
        *sources, _ = arguments.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored


def test_the_extras_are_extras() -> None:
    """What is installed are extras of the package."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    named = {
        extra for found in re.findall(r"\[([a-z,]+)\]\"", DOCKERFILE) for extra in found.split(",")
    }
    assert named
    for extra in named:
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE), extra


def test_the_settings_are_settings() -> None:
    """Each variable is a setting, with a value that it takes."""
    [line] = instructions("ENV")
    variables = dict(each.split("=", 1) for each in line.split())
    ours = {name: value for name, value in variables.items() if name.startswith("MOCKSEG_")}
    assert set(ours) <= {setting.variable for setting in SERVER_SETTINGS}
    settings = load(Settings, read_sources(environ=ours, folder=ROOT / "tests"))
    assert settings.host == "0.0.0.0"  # noqa: S104  (a container is reached from outside)


def test_it_runs_as_a_user_without_rights_and_is_checked() -> None:
    """The process is not root; the health check and the command have their flags."""
    assert list(instructions("USER")) == ["mockseg"]
    [check] = instructions("HEALTHCHECK")
    check_flags(" ".join(json.loads(check.partition("CMD ")[2])), place="HEALTHCHECK")
    [entry], [command] = instructions("ENTRYPOINT"), instructions("CMD")
    check_flags(" ".join(json.loads(entry) + json.loads(command)), place="CMD")


def test_the_compose_file_of_the_manual_sets_what_there_is() -> None:
    """Its variables are settings, and its health check is a command."""
    docker = page("docker")
    assert docker is not None
    [block] = re.findall(r"^```yaml\n(.*?)^```$", docker.text, re.MULTILINE | re.DOTALL)
    service = yaml.safe_load(block)["services"]["segment"]
    assert set(service["environment"]) <= {setting.variable for setting in SERVER_SETTINGS}
    assert service["healthcheck"]["test"][:2] == ["CMD", "mockseg"]
