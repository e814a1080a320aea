"""The examples of the README and the manual, and how each is tried in an empty folder.

A block is tried alone. It finds the files that its page named before (a first line such as
``# shop.py``), and a server of its own in the place of ``http://127.0.0.1:8765``.

====================  ==============================================================
block                 how it is tried
====================  ==============================================================
python with tests     pytest runs it; a ``text`` block that begins with ``# fails:``
                      has what the failure must say
python above console  the commands of the console block run it
python                runs as a program, and prints what the ``text`` block below shows
console               each command runs; it prints what is shown, ``...`` is anything
js                    Node.js checks its syntax
sh, yaml, dockerfile  every ``mockseg`` command in it has its flags
json, toml            can be parsed
====================  ==============================================================
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from markdown_it import MarkdownIt

from mockseg import MockSegment
from mockseg.cli.main import COMMANDS, mockseg

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "mockseg" / "manual").glob("*.md")))
_SERVER: Final = "http://127.0.0.1:8765"
_TEST: Final = re.compile(r"^ *(?:async )?def test_|\(.*TestCase\):$", re.MULTILINE)
_NAMED: Final = re.compile(r"^(?:#|//) ([\w.-]+(?:/[\w.-]+)*\.\w+)\n")
_FAILS: Final = "# fails:"
_TIMEOUT_SECONDS: Final = 100
_OWN: Final = frozenset({"mockseg", "pytest"})


@dataclass(frozen=True, slots=True)
class Example:
    """A block of a page.

    Attributes:
        page: name of the page without ``.md``.
        line: where it begins, from 1.
        language: as the fence says.
        code: without the line that names a file.
        file: the name of the file that it is, or None.
        shown: what the ``text`` block below shows, or None.
        install: packages that the page has named before, in the form of ``pip install``.
        files: the page's files before it, by name.
        tried_below: whether the commands of the next block run it.
    """

    page: str
    line: int
    language: str
    code: str
    file: str | None
    shown: str | None
    install: tuple[str, ...]
    files: dict[str, str]
    tried_below: bool

    @property
    def has_tests(self) -> bool:
        """Whether pytest runs it."""
        return bool(_TEST.search(self.code))

    @property
    def own(self) -> bool:
        """Whether it needs nothing but mockseg with its extras, and pytest."""
        return {re.split(r"[\[=<>]", each)[0] for each in self.install} <= _OWN


def examples() -> list[Example]:
    """Return the blocks of all pages, in order."""
    return [example for page in PAGES for example in _examples_of(page)]


def _examples_of(page: Path) -> Iterator[Example]:
    fences = [
        (token.info, token.content, token.map[0] + 1)
        for token in MarkdownIt().parse(page.read_text("utf-8"))
        if token.type == "fence" and token.map is not None
    ]
    install: tuple[str, ...] = ("mockseg",)
    files: dict[str, str] = {}
    for place, (language, content, line) in enumerate(fences):
        if language in {"text", ""}:
            continue
        following = fences[place + 1] if place + 1 < len(fences) else ("", "", 0)
        named = _NAMED.match(content)
        yield Example(
            page=page.stem,
            line=line,
            language=language,
            code=content,
            file=named[1] if named else None,
            shown=following[1].strip() if following[0] == "text" else None,
            install=install,
            files=dict(files),
            tried_below=named is not None and following[0] == "console",
        )
        if named:
            files[named[1]] = content
        if language == "sh":
            install = _installed(content) or install


def _installed(shell: str) -> tuple[str, ...]:
    """Return the packages that a block installs."""
    for line in shell.splitlines():
        words = shlex.split(line, comments=True)
        if words[:2] == ["pip", "install"]:
            return tuple(word for word in words[2:] if not word.startswith("-"))
    return ()


class ExampleError(AssertionError):
    """An example does not do what its page shows."""


def check(example: Example, folder: Path, python: Path) -> None:
    """Try an example.

    Args:
        example: the block.
        folder: an empty one.
        python: the interpreter of an environment with what the page installs.

    Raises:
        ExampleError: it does not do what its page shows; the text has what it printed.
    """
    for name, content in example.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    match example.language:
        case "python" | "console":
            with MockSegment() as server:
                _run(example, folder, python, server.url)
        case "js":
            _check_syntax(example, folder)
        case "sh" | "yaml" | "dockerfile":
            check_flags(example.code, place=_where(example))
        case "json":
            json.loads(example.code)
        case "toml":
            tomllib.loads(example.code)
        case _:
            raise ExampleError(f"{_where(example)}: unknown language {example.language!r}")


def _where(example: Example) -> str:
    return f"{example.page}.md line {example.line}"


def _run(example: Example, folder: Path, python: Path, url: str) -> None:
    environment = {
        **os.environ,
        "MOCKSEG_URL": url,
        "PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]]),
        "COLUMNS": "200",
        "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:randomly -p no:locust",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    code = example.code.replace(_SERVER, url)
    if example.language == "console":
        for command, shown in _commands(code):
            done = _started(["bash", "-euo", "pipefail", "-c", command], folder, environment)
            if done.returncode != 0:
                raise ExampleError(f"{_where(example)}: {command}\n{done.stdout}{done.stderr}")
            _compare(example, shown, done.stdout)
        return
    # A page's test gets a server from the plugin, and a program makes its own.
    environment.pop("MOCKSEG_URL")
    name = example.file or ("test_example.py" if example.has_tests else "example.py")
    (folder / name).write_text(code, "utf-8")
    if not example.tried_below:
        runner = ["-m", "pytest", "-q"] if example.has_tests else []
        _judge(example, _started([str(python), *runner, name], folder, environment))


def _judge(example: Example, done: subprocess.CompletedProcess[str]) -> None:
    shown = example.shown or ""
    if shown.startswith(_FAILS):
        # pytest puts a margin before the lines of an error.
        printed = re.sub(r"^E? *", "", done.stdout, flags=re.MULTILINE)
        expected = re.sub(r"^ *", "", shown.removeprefix(_FAILS).strip(), flags=re.MULTILINE)
        if done.returncode != 1 or not re.search(_pattern(expected), printed, re.DOTALL):
            raise ExampleError(f"{_where(example)} should fail with\n{expected}\n\n{done.stdout}")
    elif done.returncode != 0:
        raise ExampleError(f"{_where(example)}:\n{done.stdout}{done.stderr}")
    elif shown:
        _compare(example, shown, done.stdout)


def _started(
    command: list[str], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_SECONDS,
    )


def _commands(code: str) -> Iterator[tuple[str, str]]:
    """Take a console block apart: each command with the output that it shows."""
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        if document := re.search(r"<<'(\w+)'", command):
            end = f"\n{document[1]}\n"
            body, _, shown = shown.partition(end)
            command += f"\n{body}{end}"
        yield command, shown


def _pattern(shown: str) -> str:
    return ".*".join(map(re.escape, shown.strip().split("...")))


def _compare(example: Example, shown: str, printed: str) -> None:
    if not re.fullmatch(_pattern(shown), printed.strip(), re.DOTALL):
        raise ExampleError(f"{_where(example)} shows\n{shown}\nand prints\n{printed}")


def _check_syntax(example: Example, folder: Path) -> None:
    if (node := shutil.which("node")) is None:
        return
    (folder / "example.mjs").write_text(example.code, "utf-8")
    done = _started([node, "--check", "example.mjs"], folder, dict(os.environ))
    if done.returncode != 0:
        raise ExampleError(f"{_where(example)}: {done.stderr}")


def check_flags(shell: str, *, place: str) -> None:
    """Check that every ``mockseg`` command in a text exists and has its flags.

    Args:
        shell: lines of a shell script, or of a configuration that has such lines.
        place: where the text is.

    Raises:
        ExampleError: a command or a flag is unknown.
    """
    for line in shell.replace("\\\n", " ").splitlines():
        for found in re.finditer(r"(?:^|[&|;] *|run: |- )mockseg ([^&|;>#]*)", line):
            words = found[1].replace("'", "").split()
            name = words[0] if words else ""
            if name.startswith("-") or not name:
                continue
            if name not in COMMANDS:
                raise ExampleError(f"{place}: unknown command mockseg {name}")
            _parse(words, place)


def _parse(words: list[str], place: str) -> None:
    command: click.Command = mockseg
    names: list[str] = []
    context = click.Context(command, info_name="mockseg")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        names.append(words[0])
        found = command.get_command(context, words[0])
        if found is None:
            raise ExampleError(f"{place}: unknown command mockseg {' '.join(names)}")
        command, words = found, words[1:]
        context = click.Context(command, info_name=names[-1], parent=context)
    known = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}
    for word in words:
        if word == "--":
            break
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag not in known | {"--help"}:
            raise ExampleError(f"{place}: mockseg {' '.join(names)} has no {flag}")
