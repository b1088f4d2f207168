#!/usr/bin/env python3
"""Compares the mutants that lived with those that are explained in `.cargo/mutants.known`.

    mutants.py target/mutants/mutants.out

Fails if one lives that nobody explains.
"""

import pathlib
import re
import sys

KNOWN = pathlib.Path(__file__).parent.parent / ".cargo/mutants.known"


def names(file):
    """`FILE:LINE:COLUMN: WHAT` without the place, which changes with every commit."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [re.sub(r"^([^:]+):\d+:\d+: ", r"\1: ", line.strip()) for line in lines if line.strip()]


def known():
    lines = KNOWN.read_text().splitlines()
    entries = [line.partition(" -- ") for line in lines if line.strip() and not line.startswith("#")]
    return {what: reason for what, _, reason in entries}


def main(folder):
    out, explained = pathlib.Path(folder), known()
    count = {kind: len(names(out / f"{kind}.txt")) for kind in ("caught", "timeout", "unviable")}
    missed = names(out / "missed.txt")
    unexplained = [name for name in missed if name not in explained]
    for name in unexplained:
        print(f"lives: {name}")
    print(
        f"mutants: {count['caught'] + count['timeout']} caught, {len(missed)} live, {len(unexplained)} of them unexplained, "
        f"{count['unviable']} did not compile"
    )
    passed, skipped = count["caught"] + count["timeout"], len(missed) - len(unexplained) + count["unviable"]
    print(f"mutants: {passed} passed, {len(unexplained)} failed, {skipped} skipped")
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
