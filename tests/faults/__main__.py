"""`make faults`: every fault at every exchange, what each check makes of it, and the page that says so."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time

from benchmarks import healthy
from tests.faults import page
from tests.faults.expected import EVERYWHERE
from tests.faults.matrix import run_all


def main() -> int:
    """0 where every cell is right and in time; 1 otherwise, and the page is left as it is."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--connector", action="append", choices=EVERYWHERE, help="only this one, repeatable")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as nonces:
        os.environ["BELLWETHER_NONCE_DIR"] = nonces
        cells = asyncio.run(run_all(options.connector or EVERYWHERE))
    print(page.matrix(cells))
    wrong = [cell for cell in cells if not (cell.is_right and cell.is_in_time)]
    for cell in wrong:
        print(cell, file=sys.stderr)
    print(f"{len(cells) - len(wrong)} of {len(cells)} cells right and in time, {time.monotonic() - started:.0f} s")
    if wrong or options.connector:
        return 1 if wrong else 0
    print("Now a million clean book messages, which have to raise no alarm")
    watched = asyncio.run(healthy.watch_healthy())
    told = healthy.told(watched)
    print(told)
    if any(one.alarms for one in watched):
        return 1
    page.write({"matrix": page.matrix(cells), "healthy": told, "rules": page.rules()})
    print(f"written: {page.PAGE.relative_to(page.PAGE.parents[1])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
