"""`influence up`: starts a service if none answers."""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import time
from typing import Any

from ..errors import InfluencedError
from ..service import Service
from .output import Output

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Seconds after which a start has failed.
PATIENCE = 30


def add_parser(commands: Any, shared: argparse.ArgumentParser) -> None:
    up = commands.add_parser("up", parents=[shared], help="start the service if none answers at the address")
    up.add_argument("--database", default="influenced.sqlite", help="the file that holds everything")
    up.add_argument("--data-directory", help="the folder below which the service reads files")
    up.add_argument("rest", nargs="*", metavar="OPTION", help="behind --, other options of `influenced serve`")
    up.set_defaults(run=run)


def binary() -> str:
    """The program of the service."""
    given = os.environ.get("INFLUENCED_BINARY")
    if given:
        return given
    built = pathlib.Path(".build/release/influenced")
    found = shutil.which("influenced") or (str(built) if built.exists() else None)
    if found is None:
        raise InfluencedError("there is no program `influenced`: set INFLUENCED_BINARY to it, or put it into PATH")
    return found


def run(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    if service.is_up():
        output.show(f"a service answers at {service.url}", {"url": service.url, "started": False})
        return 0
    parts = service.connection.parts
    if parts.hostname not in LOOPBACK:
        raise InfluencedError(f"no service answers at {service.url}, and only one on this machine can be started here")
    database = pathlib.Path(chosen.database).resolve()
    log = database.with_suffix(".log")
    command = [binary(), "serve", "--port", str(parts.port or 80), "--database", str(database)]
    if chosen.data_directory:
        command += ["--data-directory", chosen.data_directory]
    with open(log, "ab") as file:
        process = subprocess.Popen(
            [*command, *chosen.rest], stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    end = time.monotonic() + PATIENCE
    while not service.is_up():
        if process.poll() is not None or time.monotonic() > end:
            words = log.read_text(errors="replace").strip().splitlines()[-5:]
            raise InfluencedError("the service did not start:\n" + "\n".join(f"  {line}" for line in words))
        time.sleep(0.1)
    text = f"started a service at {service.url}: process {process.pid}, database {database}, log {log}"
    output.show(
        text, {"url": service.url, "started": True, "pid": process.pid, "database": str(database), "log": str(log)}
    )
    return 0
