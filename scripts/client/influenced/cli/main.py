"""The command `influence`: its arguments, and what becomes of errors."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from ..connection import plain
from ..errors import InfluencedError, ServiceError
from ..service import URL, Service
from . import data, jobs, start
from .output import Output, WrongUse

ABOUT = """Sends data and networks to a running service, and asks what the data did.

Exit codes: 0 done, 1 a failure, 2 wrong use."""


def parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--url", help=f"the address of the service (INFLUENCED_URL, else {URL})")
    shared.add_argument("--json", action="store_true", help="answer with JSON")
    top = argparse.ArgumentParser(
        prog="influence",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
    )
    # An option before the command must not be lost to the default behind it.
    behind = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    behind.add_argument("--url", help=argparse.SUPPRESS)
    behind.add_argument("--json", action="store_true", help="answer with JSON")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start.add_parser(commands, behind)
    data.add_parsers(commands, behind)
    jobs.add_parsers(commands, behind)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; its exit code."""
    try:
        chosen = parser().parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0) if not isinstance(end.code, str) else 2
    output = Output(chosen.json)
    try:
        service = Service(chosen.url or os.environ.get("INFLUENCED_URL"))
        code = int(chosen.run(service, chosen, output) or 0)
        sys.stdout.flush()
        return code
    except WrongUse as error:
        return report(error, output, 2)
    except BrokenPipeError:
        # The reader has enough. Python would complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (InfluencedError, OSError, ValueError) as error:
        return report(error, output, 1)
    except KeyboardInterrupt:
        return 130


def report(error: Exception, output: Output, code: int) -> int:
    if output.as_json:
        body: dict[str, Any] = {"message": str(error)}
        if isinstance(error, ServiceError):
            body |= {"status": error.status, "detail": error.detail, "faults": [vars(fault) for fault in error.faults]}
        print(json.dumps({"error": body}, default=plain))
    else:
        print(f"influence: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
