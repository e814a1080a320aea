"""An example for the help of each command, by its whole name."""

from __future__ import annotations

from typing import Final

import click

EXAMPLES: Final[dict[str, str]] = {
    "serve": "mockseg serve --plan plan.json --journal calls.db",
    "demo": "mockseg demo --keep",
    "run": "mockseg run --catalogue ecommerce -- npm test",
    "readyz": "mockseg readyz --wait --timeout 30",
    "clear": "mockseg clear --source my-write-key",
    "journal": "mockseg journal info calls.db",
    "journal check": "mockseg journal check calls.db",
    "journal compact": "mockseg journal compact calls.db",
    "journal info": "mockseg journal info calls.db --json",
    "manual": "mockseg manual findings#no_user_anon_id",
    "completion": "mockseg completion bash --install",
    "tail": "mockseg tail is:bad",
    "calls": "mockseg calls 'is:bad type:track' --last 20",
    "show": "mockseg show last",
    "requests": "mockseg requests --refused",
    "sources": "mockseg sources --json",
    "summary": "mockseg summary --source my-write-key",
    "truth": "mockseg truth --source my-write-key --check",
    "warehouse": 'mockseg warehouse --source my-write-key "SELECT * FROM tracks"',
    "export": "mockseg export bad.ndjson is:bad",
    "wait": 'mockseg wait --event "Signed Up" --count 2 --timeout 5s',
    "validate": "mockseg validate calls.ndjson --plan plan.json",
    "coverage": "mockseg coverage --source my-write-key --fail-under 90",
    "conform": 'mockseg conform --cli "node e2e-cli/dist/cli.js" --junit out.xml',
    "conform matrix": 'mockseg conform matrix --cli "ruby=ruby cli.rb" --cli "go=./go-cli"',
    "fault": "mockseg fault add --status 503 --times 2",
    "fault add": 'mockseg fault add --status 503 --times 2 --event "Order Completed"',
    "fault clear": "mockseg fault clear --all",
    "fault list": "mockseg fault list --scenarios",
    "fault release": "mockseg fault release --source my-write-key",
    "traffic": "mockseg traffic --catalogue ecommerce --rate 200/s --duration 30s --seed 7",
    "replay": "mockseg replay calls.ndjson --speed 10x --shift-to now",
    "samples": 'mockseg samples "Order Completed" --invalid --count 50 --seed 7 --out bad.ndjson',
    "import": "mockseg import calls.ndjson",
    "catalogue": "mockseg catalogue list",
    "catalogue list": "mockseg catalogue list --json",
    "catalogue show": 'mockseg catalogue show "Order Completed"',
    "plan": "mockseg plan infer calls.ndjson --out plan.json",
    "plan diff": "mockseg plan diff old.json new.json",
    "plan export": "mockseg plan export userguiding --format csv --out plan.csv",
    "plan import": "mockseg plan import main.tf --out plan.json",
    "plan infer": "mockseg plan infer --source my-write-key --out plan.json",
    "destination": "mockseg destination add userengage --source my-write-key",
    "destination act": "mockseg destination act userengage-1 list",
    "destination add": "mockseg destination add webhook --source my-write-key --to http://127.0.0.1:9000/hook",
    "destination list": "mockseg destination list",
    "destination remove": "mockseg destination remove userengage-1",
    "destination requests": "mockseg destination requests userengage-1",
    "destination state": "mockseg destination state userengage-1",
    "deliveries": "mockseg deliveries --state failed",
    "redeliver": "mockseg redeliver --source my-write-key --to userengage-1",
    "snippet": "mockseg snippet node",
}


def with_example(command: click.Command, name: str) -> click.Command:
    """Return a command whose help, and that of those below it, ends with its example."""
    # The first mark keeps click from wrapping what is to be pasted.
    command.epilog = f"\b\nExample:\n  {EXAMPLES[name]}"
    if isinstance(command, click.Group):
        for below, each in command.commands.items():
            with_example(each, f"{name} {below}")
    return command
