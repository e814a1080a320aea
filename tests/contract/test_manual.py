"""The README and the manual against the code: what they list is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from mockseg import errors
from mockseg import strategies as seg
from mockseg.cli.main import COMMANDS
from mockseg.config import SERVER_SETTINGS
from mockseg.domain.findings import DISCARD_CODES
from mockseg.fql.functions import FUNCTIONS
from mockseg.manual.pages import INDEX, anchor_of, page, page_names
from mockseg.operations.table import OPERATIONS
from mockseg.plans.violations import MORE
from mockseg.query.terms import KEYS
from mockseg.schemas.vocabulary import VOCABULARY, WRAPPERS
from mockseg.snippets import SDKS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "mockseg" / "manual"
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
_LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")


def anchors(name: str) -> set[str]:
    """Return the anchors of a page."""
    found = page(name)
    assert found is not None, name
    return {section.anchor for section in found.sections}


def test_the_readme_is_short_and_begins_with_the_install() -> None:
    """A stranger reads it whole: at most 200 lines, and how to install in the first 15."""
    lines = README.splitlines()
    assert len(lines) <= 200
    assert any(line.startswith("pip install") for line in lines[:15])


def test_the_test_command_is_the_one_that_ci_runs() -> None:
    """CI reads its test command and its demo command in the README, so there is one of each."""
    lines = README.splitlines()
    for command in (r"python3 -m venv .*-m pytest.*", r"python3 -m venv .*mockseg demo"):
        assert len([line for line in lines if re.fullmatch(command, line)]) == 1
    assert "README.md" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_index_names_every_page() -> None:
    """No page of the manual is hidden, and the index names nothing else."""
    assert set(page_names()) == set(PAGES)
    assert page_names()[0] == INDEX


@pytest.mark.parametrize("name", ["README", *PAGES])
def test_links_lead_somewhere(name: str) -> None:
    """Each link to a page or a section of it has its target."""
    text = README if name == "README" else PAGES[name]
    for target, anchor in _LINK.findall(text):
        if target.startswith(("http://", "https://")) or (not target and not anchor):
            continue
        path = (ROOT if name == "README" else FOLDER) / target if target else None
        if path is not None:
            assert path.exists(), f"{name}: {target}"
        if anchor:
            assert anchor[1:] in anchors(path.stem if path else name), f"{name}: {target}{anchor}"


def test_every_command_is_documented() -> None:
    """The table of commands is that of the program."""
    documented = set(re.findall(r"^\| `mockseg ([a-z]+)` \|", PAGES["cli"], re.MULTILINE))
    assert documented == set(COMMANDS)


def test_every_operation_is_documented() -> None:
    """The table of operations is that of the control plane, with the stream, metrics, document."""
    verbs = r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`"
    table = PAGES["control-api"].split("\n## Operations\n")[1].split("\n## ")[0]
    offered = {f"{operation.method} {operation.path}" for operation in OPERATIONS}
    extra = {"GET /stream", "GET /feed", "GET /metrics", "GET /openapi.json"}
    assert set(re.findall(verbs, table)) == offered | extra


def test_every_setting_is_documented_with_its_default() -> None:
    """The table of settings is that of the program."""
    documented = set(re.findall(r"^\| `--([a-z-]+)` \|", PAGES["settings"], re.MULTILINE))
    assert documented == {setting.flag.removeprefix("--") for setting in SERVER_SETTINGS}


def test_every_fixture_and_option_of_pytest_is_documented() -> None:
    """The tables of the plugin are what it adds to pytest."""
    surface = (Path(__file__).parent / "surface.txt").read_text("utf-8")
    cells = set(re.findall(r"(?<=\| )`([^`]+)`(?= \|)", PAGES["pytest"]))
    for kind in ("fixture", "option", "ini"):
        added = set(re.findall(rf"^{kind} (\S+)$", surface, re.MULTILINE))
        assert added
        assert added - cells == set(), kind


def test_the_languages_of_queries_are_documented() -> None:
    """Each key of the search language, and each function of FQL."""
    keys = set(re.findall(r"^\| `([a-z]+\.?)` \|", PAGES["queries"], re.MULTILINE))
    assert keys == set(KEYS)
    functions = set(re.findall(r"`([a-z]+)\([a-z ,]+\)`", PAGES["queries"]))
    assert functions == set(FUNCTIONS)


def test_every_sdk_is_documented() -> None:
    """The SDK table names each SDK that has a snippet."""
    for sdk in SDKS:
        assert re.search(rf"\b{re.escape(sdk.name)}\b", PAGES["sdks"]), sdk.name


def test_every_strategy_is_documented() -> None:
    """The table of strategies is what the module offers, types and records aside."""
    section = PAGES["strategies"].split("\n| strategy |")[1].split("\n\n")[0]
    documented = set(re.findall(r"`([a-z_]+)\(", section))
    offered = {name for name in seg.__all__ if name.islower()}
    assert documented == offered - {"encode", "register_type_strategies"}


def test_every_finding_has_a_section() -> None:
    """Each code of a finding, a violation's too, is explained under its name."""
    violations = {code for code, *_ in (*VOCABULARY.values(), *WRAPPERS.values())}
    code = "\n".join(file.read_text("utf-8") for file in (ROOT / "mockseg").rglob("*.py"))
    others = re.findall(r'(?:Violation|CallWarning)\(\s*code="(\w+)"', code)
    assert {"unplanned_event", "user_id_differs", "write_key_differs"} <= set(others)
    codes = {*DISCARD_CODES, *violations, *others, MORE}
    assert {anchor_of(code) for code in codes} - anchors("findings") == set()


def test_every_error_has_a_section() -> None:
    """Each error that mockseg raises is explained under its name."""
    named = {anchor_of(name) for name in errors.__all__ if name != "MocksegError"}
    assert named - anchors("errors") == set()


@pytest.mark.parametrize("name", errors.__all__)
def test_what_an_error_says_to_read_is_there(name: str) -> None:
    """The note of an error names a page, or a section of it."""
    section = getattr(errors, name).manual
    if section:
        where, _, anchor = section.partition("#")
        assert where in page_names()
        assert not anchor or anchor in anchors(where)


def test_configuration_that_is_shown_can_be_read() -> None:
    """The YAML of the manual is YAML."""
    for text in PAGES.values():
        for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            assert yaml.safe_load(block)


def test_the_changelog_begins_with_this_version() -> None:
    """The newest section is unreleased, or the version of the package."""
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    version = re.search(
        r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE
    )
    newest = re.search(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    assert version is not None
    assert newest is not None
    assert newest[1] in {"Unreleased", version[1]}
