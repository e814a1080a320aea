"""``mockseg conform`` and CLIs that do not keep the contract: judged, ended, and nothing left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mockseg.cli.main import run
from mockseg.conformance.contract import CliResult, E2eConfig
from mockseg.conformance.runner import Sdk

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
RESULT = 'print(\'{"success": true, "sentBatches": 0}\', flush=True)\n'
# Two processes that hold a FIFO open for as long as they live; the program is one of them.
HOLDS = """\
import os, subprocess, sys, time
held = os.open(sys.argv[1], os.O_WRONLY)
os.set_inheritable(held, True)
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], close_fds=False)
"""


@pytest.fixture
def cli(tmp_path: Path) -> Callable[..., str]:
    """Write a program in Python and give the command that runs it."""

    def write(code: str, *arguments: object) -> str:
        program = tmp_path / "cli.py"
        program.write_text(code)
        return " ".join([sys.executable, str(program), *map(str, arguments)])

    return write


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """Make a FIFO whose end tells when the last process that holds it is gone."""
    path = tmp_path / "held"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (
            "print('hello')",
            'it ended with status 0, and printed no result: its last line is "hello"',
        ),
        (
            "raise SystemExit('trouble')",
            "it ended with status 1, and printed no result: it printed n",
        ),
        ("import os; os.kill(os.getpid(), 9)", "it was ended by signal 9, and printed no result"),
        (RESULT + "import os; os.kill(os.getpid(), 9)", "it was ended by signal 9"),
    ],
    ids=["no JSON", "crash", "signal", "signal after its result"],
)
def test_a_cli_that_breaks_the_contract_fails_its_checks(
    cli: Callable[..., str], capsys: pytest.CaptureFixture[str], code: str, problem: str
) -> None:
    """Exit 1; the report says how it ended, with the end of its stderr."""
    told = "import sys; sys.stderr.write('about to go wrong\\n')\n" + code
    assert run(["conform", "--cli", cli(told), "--only", "cli-contract"]) == 1
    report = capsys.readouterr().out
    assert f"seen      the CLI: {problem}" in report
    assert "stderr    about to go wrong" in report


@pytest.mark.parametrize("command", [["conform"], ["conform", "matrix"]], ids=" ".join)
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("no-such-cli", "no executable file of that name on PATH"),
        ("{}/nope", "no executable file of that name"),
        ("{}/data", "no executable file of that name"),
        ("{}", "no executable file of that name"),
        ("{}/headless", "Exec format error"),
        ("{}/wrong", "No such file or directory"),
        ("a\0b", "no executable file of that name on PATH"),
    ],
    ids=["unknown", "missing", "not executable", "a folder", "no shebang", "no shell", "NUL"],
)
def test_a_cli_that_can_never_start_is_one_line_and_exit_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    program: str,
    reason: str,
) -> None:
    """Nothing is judged, and nothing is said once for every check."""
    (tmp_path / "data").write_text("#!/bin/sh\n")
    for name, content in (("headless", "hello\n"), ("wrong", "#!/no/such/shell\n")):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o755)
    program = program.format(tmp_path)
    assert run([*command, "--cli", f"{program} --flag"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    last = said.err.splitlines()[-1]
    assert last == f'mockseg: --cli: cannot start "{program}": {reason}'.replace("\0", "\\x00")
    assert said.err.count("cannot start") == 1


def test_a_missing_second_column_is_said_before_the_first_is_measured(
    cli: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A matrix takes minutes; a typo in its last column is known at once."""
    ran = tmp_path / "ran"
    first = cli("import pathlib, sys; pathlib.Path(sys.argv[1]).touch()\n" + RESULT, ran)
    assert run(["conform", "matrix", "--cli", f"a={first}", "--cli", "b=no-such-cli"]) == 2
    assert 'cannot start "no-such-cli"' in capsys.readouterr().err
    assert not ran.exists()


def test_what_fails_the_same_way_in_every_check_is_told_once(
    cli: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every check is reported, none is left out; the end of stderr stands once."""
    command = cli("raise SystemExit('no module of that name')")
    assert run(["conform", "--cli", command, "--suites", "basic"]) == 1
    report = capsys.readouterr().out
    assert report.count("FAIL") > 20
    assert report.count("stderr    no module of that name") == 1
    assert report.count("seen      the same as in types-arrive") == report.count("FAIL") - 1
    assert " 0 passed, " in report


def test_one_broken_run_leaves_the_other_checks_alone(
    cli: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The CLI crashes when it is given six events; with one it is judged as ever."""
    adapter = ROOT / "tests/sdk/adapters/http_cli.py"
    code = (
        "import json, runpy, sys\n"
        "given = json.loads(sys.argv[2])\n"
        "if len(given['sequences'][0]['events']) == 6:\n"
        "    raise SystemExit('six are too many')\n"
        f"sys.path.insert(0, {str(adapter.parent)!r})\n"
        f"runpy.run_path({str(adapter)!r}, run_name='__main__')\n"
    )
    only = ["--only", "types-arrive", "--only", "cli-contract"]
    assert run(["conform", "--cli", cli(code), *only]) == 1
    report = capsys.readouterr().out
    assert "FAIL  types-arrive" in report
    assert "stderr    six are too many" in report
    assert "pass  cli-contract" in report


@pytest.mark.parametrize(
    ("ending", "timeout"),
    [("import signal; signal.pause()", "1"), (RESULT, "60")],
    ids=["hangs", "ends by itself"],
)
def test_nothing_that_a_cli_started_is_left(
    cli: Callable[..., str], fifo: Path, ending: str, timeout: str
) -> None:
    """A CLI that hangs is killed with its child; of one that ends, the child is."""
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    arguments = ["--only", "cli-contract", "--timeout", timeout]
    assert run(["conform", "--cli", cli(HOLDS + ending, fifo), *arguments]) == 1
    os.set_blocking(reading, True)
    assert os.read(reading, 1) == b""  # at its end: nobody holds it any longer
    os.close(reading)


def test_a_cli_that_hangs_is_told_so(
    cli: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The check fails with how long it was waited for."""
    command = cli("import signal; signal.pause()")
    assert run(["conform", "--cli", command, "--only", "cli-contract", "--timeout", "1"]) == 1
    assert "it did not end within 1 s and was killed" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_stops_the_run_stops_the_clis(
    cli: Callable[..., str], fifo: Path, number: signal.Signals
) -> None:
    """Exit 2 with a word; the CLI and its child are gone."""
    command = cli(HOLDS + "import signal; signal.pause()", fifo)
    arguments = ["conform", "--cli", command, "--only", "cli-contract"]
    with subprocess.Popen(
        [sys.executable, "-m", "mockseg", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        with fifo.open("rb") as held:  # opens when the CLI does
            process.send_signal(number)
            assert held.read() == b""  # ends when the last of them does
        _, said = process.communicate()
    assert process.returncode == 2
    assert said.splitlines()[-1] == "mockseg: interrupted"


@pytest.mark.parametrize(("says", "status"), [("true", 0), ("false", 1)])
def test_nothing_is_right_about_an_sdk_that_sends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], says: str, status: int
) -> None:
    """No check passes by seeing nothing, whatever the CLI says of it."""
    program, config = tmp_path / "cli.sh", tmp_path / "e2e-config.json"
    program.write_text(f"echo '{{\"success\": {says}}}'\nexit {status}\n")
    flags = ("AUTH_HEADER", "HTTP_CONFIG_SETTINGS", "GENERIC_RETRY_AFTER")
    suites = "basic,retry,settings,retry-settings"
    env = dict.fromkeys(flags, "true")
    config.write_text(json.dumps({"test_suites": suites, "env": env}))
    arguments = ["--cli", f"sh {program}", "--config", str(config), "--json", "-"]
    assert run(["conform", *arguments]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["passed"], told["notApplicable"]) == (0, 6)


def test_reports_are_written_beside_the_text(cli: Callable[..., str], tmp_path: Path) -> None:
    """--json and --junit name files."""
    out, junit = tmp_path / "out.json", tmp_path / "out.xml"
    arguments = ["--only", "sent-at", "--json", str(out), "--junit", str(junit)]
    assert run(["conform", "--cli", cli(RESULT), *arguments]) == 1
    (check,) = json.loads(out.read_text())["checks"]
    assert (check["id"], check["verdict"], check["seen"]) == ("sent-at", "fail", "no request came")
    assert '<testcase name="sent-at"' in junit.read_text()


def test_json_can_go_to_standard_output_alone(
    cli: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json -` is for scripts: there is nothing else on it."""
    assert run(["conform", "--cli", cli(RESULT), "--only", "cli-contract", "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["failed"] == 1


def test_an_excuse_for_no_check_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typo in not_applicable would let nobody off, and nobody would know."""
    config = tmp_path / "e2e-config.json"
    config.write_text('{"not_applicable": {"budgets-*": "none"}}')
    assert run(["conform", "--cli", "x", "--config", str(config)]) == 2
    said = capsys.readouterr().err
    assert f'{config}: not_applicable: unknown check "budgets-*"; did you mean "budget-' in said


def test_the_environment_of_the_configuration_is_given_to_the_cli(
    cli: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Flags reach it, and its name heads the report; what is skipped says why."""
    config = tmp_path / "e2e-config.json"
    env = {"AUTH_HEADER": "true", "E2E_TEST_SKIP": "sent-at"}
    config.write_text(json.dumps({"sdk": "mine", "test_suites": "basic", "env": env}))
    code = RESULT + "import os, sys; sys.exit(4 if os.environ['AUTH_HEADER'] == 'true' else 3)"
    arguments = ["--config", str(config), "--only", "cli-contract", "--only", "sent-at"]
    assert run(["conform", "--cli", cli(code), *arguments]) == 1
    report = capsys.readouterr().out
    assert "success: true, status 4; 0 requests came" in report
    assert "n/a   sent-at                         E2E_TEST_SKIP names it" in report
    assert "mine: 2 checks: 0 passed, 1 failed, 1 not applicable" in report


def test_checks_are_listed_without_running_anything(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with what is expected and who says so."""
    assert run(["conform", "--list", "--suites", "settings"]) == 0
    listed = capsys.readouterr().out
    assert listed.startswith("settings\n  settings-are-fetched ")
    assert "SETTINGS_ERROR_FALLBACK" in listed


def test_a_matrix_says_what_could_not_be_measured(
    cli: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1; the cell is a question mark, the reason is on stderr."""
    assert run(["conform", "matrix", "--cli", f"none={cli('')}", "--json"]) == 1
    out, err = capsys.readouterr()
    cells = [row["sdks"]["none"] for row in json.loads(out)["answers"]]
    assert {cell["attempts"] for cell in cells} == {0}
    assert "mockseg: none, 201: it ended with status 0, and printed no result" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], 'no SDK: name its CLI with --cli "COMMAND"'),
        (["--cli", " "], "--cli is empty"),
        (["--cli", "'x"], "--cli: invalid command"),
        (["--cli", "x", "--suites", "all"], '--suites: unknown suite "all"'),
        (["--cli", "x", "--suites", ","], "--suites is empty"),
        (["--cli", "x", "--only", "sentat"], 'did you mean "sent-at"?'),
        (["--cli", "x", "--junit", "-"], "--junit needs a file"),
        (["--cli", "x", "--config", "/no/config"], "cannot read /no/config: No such file"),
        (["--cli", "x", "--jobs", "0"], "'--jobs'"),
        (["matrx"], 'did you mean "matrix"?'),
        (["--cli", "x", "matrix", "--cli", "y"], "--cli goes after matrix"),
        (["matrix", "--cli", "a=x", "--cli", "a=y"], 'two are called "a"'),
    ],
)
def test_usage_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    """Exit 2, nothing on stdout, nothing run."""
    assert run(["conform", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err


@pytest.mark.parametrize(("success", "status"), [(True, 1), (False, 0)], ids=["exit 1", "exit 0"])
async def test_the_verdict_goes_by_what_is_printed(
    cli: Callable[..., str], *, success: bool, status: int
) -> None:
    """Not by the exit status: Java's and React Native's CLIs end with 0 whatever happened."""
    printed = json.dumps({"success": success, "sentBatches": 7, "error": "E"}, indent=2)
    command = cli(f"print({printed!r})\nraise SystemExit({status})").split()
    outcome = await Sdk(command, E2eConfig(), timeout_seconds=60).run("{}")
    assert outcome.result == CliResult(success=success, error="E")
    assert (outcome.problem, outcome.status) == ("", status)


LOST = """\
import json, sys, urllib.error, urllib.request
told = json.loads(sys.argv[sys.argv.index("--input") + 1])
event = json.dumps({"writeKey": told["writeKey"], "type": "track", "event": "A", "userId": "u"})
for path, body in (("/b", event.encode()), ("/config.json", None)):
    try:
        urllib.request.urlopen(told["apiHost"] + path, body)
    except urllib.error.HTTPError as refused:
        refused.close()
print(json.dumps({"success": True, "sentBatches": 9}))
"""


def test_what_was_refused_is_in_the_wire_log(
    cli: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A path that Segment does not serve; without a write key it is reported for the whole run."""
    assert run(["conform", "--cli", cli(LOST), "--only", "cli-contract", "--only", "library"]) == 1
    report = capsys.readouterr().out
    assert "POST /b, 1 message: 404" in report
    assert "404 GET /config.json (2 times): this path does not exist" in report


def test_nothing_on_the_wire_says_where_to_look(
    cli: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some SDKs speak only https unless they are built for tests: their silence has that hint."""
    config = tmp_path / "e2e-config.json"
    config.write_text(json.dumps({"sdk": "kotlin", "test_suites": "basic"}))
    arguments = ["--config", str(config), "--only", "cli-contract", "--only", "page-fields"]
    assert run(["conform", "--cli", cli(RESULT), *arguments]) == 1
    report = capsys.readouterr().out
    assert "nothing; this SDK speaks only https" in report
    assert "n/a   page-fields                     its CLI sends a page as a screen" in report
