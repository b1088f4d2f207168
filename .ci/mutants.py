#!/usr/bin/env python3
"""Compares the mutants that lived with those that are explained in `.cargo/mutants.known`.

    mutants.py target/mutants/mutants.out

Fails if one lives that nobody explains, or if an explained one lives no more.
"""

import collections
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
    without = [what for what, _, reason in entries if not reason.strip()]
    if without:
        sys.exit("without a reason: " + ", ".join(without))
    return collections.Counter(what for what, _, _ in entries)


def main(folder):
    out, explained = pathlib.Path(folder), known()
    count = {kind: len(names(out / f"{kind}.txt")) for kind in ("caught", "timeout", "unviable")}
    missed = collections.Counter(names(out / "missed.txt"))
    unexplained, killed = missed - explained, explained - missed
    for name in unexplained.elements():
        print(f"lives: {name}")
    for name in killed.elements():
        print(f"explained, and does not live: {name}")
    print(
        f"mutants: {count['caught'] + count['timeout']} caught, {missed.total()} live, {unexplained.total()} of them unexplained, "
        f"{count['unviable']} did not compile"
    )
    passed, failed = count["caught"] + count["timeout"], unexplained.total() + killed.total()
    print(f"mutants: {passed} passed, {failed} failed, {(missed & explained).total() + count['unviable']} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
