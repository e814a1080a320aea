"""Run what the Dockerfile runs, without a docker daemon.

python tests/manual/dockerfile.py

Its files are copied, its wheels built and installed from nothing else, into environments in the
place of the two images; then its command is started with its variables, and its health check run.
Not tried: the base image, the user, the volume and the ports.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Build, install, start, check; 0 when the health check passes."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    with tempfile.TemporaryDirectory(prefix="mockseg-image-") as name:
        return _run(text, Path(name))


def _run(text: str, folder: Path) -> int:
    source = folder / "src"
    source.mkdir()
    for arguments in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE):
        *names, _ = arguments.split()
        for each in names:
            copy = shutil.copytree if (ROOT / each).is_dir() else shutil.copyfile
            copy(ROOT / each, source / each)
    commands = [each.strip() for line in _all("RUN", text) for each in line.split("&&")]
    for command in (each for each in commands if each.startswith("pip ")):
        place = "build" if command.startswith("pip wheel") else "image"
        if not (folder / place).exists():
            venv.create(folder / place, with_pip=True)
        pip = f"{folder / place / 'bin' / 'pip'} -q "
        line = command.replace("pip ", pip, 1).replace("/wheels", str(folder / "wheels"))
        subprocess.run(["sh", "-euc", line], cwd=source, check=True)
    [variables] = _all("ENV", text)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MOCKSEG_")},
        **dict(each.split("=", 1) for each in variables.split()),
        "MOCKSEG_STATE_DIR": str(folder / "state"),
        "PATH": f"{folder / 'image' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    [entry], [arguments] = _all("ENTRYPOINT", text), _all("CMD", text)
    [health] = _all("HEALTHCHECK", text)
    started = [*json.loads(entry), *json.loads(arguments), "--port", "0", "--json"]
    with subprocess.Popen(started, cwd=folder, env=environment, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        port = json.loads(server.stdout.readline())["url"].rpartition(":")[2]
        check = json.loads(health.partition("CMD ")[2])
        environment["MOCKSEG_URL"] = f"http://127.0.0.1:{port}"
        status = subprocess.run(check, cwd=folder, env=environment, check=False).returncode
        server.terminate()
    print("the image's command answers" if status == 0 else "the health check fails")
    return status


def _all(name: str, text: str) -> list[str]:
    return re.findall(rf"^{name} (.*)$", text, re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
