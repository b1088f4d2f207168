#!/usr/bin/env python3
"""Tries the mutants that `cargo mutants` lists, all of them in one build, and writes down what became of each, as it does.

    run.py target/mutants [PATTERN]

One build has every mutant behind a switch (`source.py`, `switch.rs`); what does not compile is taken out, as the compiler's
errors name it, and all is built again. Then the unit tests run without a mutant, which must pass, and say which test comes to
which switch. For each mutant those tests run, its module's own first, until one fails. A mutant that no test comes to lives,
and so does one whose tests fail without coming to it. Where a switch cannot stand, in a constant above all, each has a build of
its own.

`mutants.out` gets `caught.txt`, `missed.txt`, `timeout.txt` and `unviable.txt`, and `log.txt` with the reason of each.
With a pattern, only those whose names it is found in.
"""

import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

from build import Copy
from trial import Program

AT_ONCE = 2
LIST = ["cargo", "mutants", "--list", "--json", "--colors", "never"]


class Outcomes:
    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        self.count = dict.fromkeys(("caught", "missed", "timeout", "unviable"), 0)
        folder.mkdir(parents=True, exist_ok=True)
        for kind in (*self.count, "log"):
            (folder / f"{kind}.txt").write_text("")

    def add(self, mutant, kind, why):
        with self.lock:
            self.count[kind] += 1
            for file, line in ((kind, mutant.name), ("log", f"{kind}: {mutant.name} -- {why}")):
                with open(self.folder / f"{file}.txt", "a") as out:
                    out.write(line + "\n")
            if sum(self.count.values()) % 100 == 0:
                say(", ".join(f"{number} {kind}" for kind, number in self.count.items()))


def say(what):
    print(f"{time.monotonic() - BEGAN:6.0f} s  {what}", flush=True)


def listed(copy, pattern):
    """Those that a switch can turn on and those it cannot, by the reason, and the files of all."""
    found = json.loads(subprocess.check_output(LIST, cwd=copy.root))
    found = [entry for entry in found if re.search(pattern, entry["name"])]
    sources = {file: copy.source(file) for file in sorted({entry["file"] for entry in found})}
    mutants = [sources[entry["file"]].mutant(number, entry) for number, entry in enumerate(found)]
    reasons = {mutant.number: sources[mutant.file].why_not(mutant) for mutant in mutants}
    return sources, mutants, reasons


def build(copy, sources, mutants, reasons, outcomes):
    """The program with all that compile. Those that the switch is to blame for get a reason."""
    while True:
        switched = [mutant for mutant in mutants if reasons[mutant.number] is None]
        copy.switch(sources, switched)
        program, errors = copy.build()
        if program:
            return program, switched
        unviable, unfit = {}, {}
        for error in errors:
            numbers, own = copy.blame(error)
            (unviable if own else unfit).update(dict.fromkeys(numbers, error["message"]))
        if not unviable and not unfit:
            sys.exit("\n".join(error["rendered"] for error in errors))
        for mutant in switched:
            if mutant.number in unviable:
                reasons[mutant.number] = "does not compile"
                outcomes.add(mutant, "unviable", unviable[mutant.number])
            elif mutant.number in unfit and not unviable:
                reasons[mutant.number] = unfit[mutant.number]
                say(f"no switch: {mutant.name} -- {unfit[mutant.number]}")
        say(f"{len(unviable)} do not compile, {0 if unviable else len(unfit)} cannot be switched")


class Reach:
    """Which tests come to a switch. What comes to it on a thread that is no test's own may be any test's."""

    def __init__(self, ran):
        # By the clock a test takes longer where others run, too; all together took so much of the processor.
        share = ran.processor / max(sum(ran.seconds.values()), 0.001)
        self.seconds = {test: share * seconds for test, seconds in ran.seconds.items()}
        self.tests, self.anywhere = {}, set()
        for number, thread in ran.seen:
            if thread in ran.seconds:
                self.tests.setdefault(number, set()).add(thread)
            else:
                self.anywhere.add(number)

    def turns(self, mutant):
        """Its module's own tests, the others that come to it, and all others if any may."""
        reaching = self.tests.get(mutant.number, set())
        own = {test for test in reaching if test.startswith(mutant.module + "::")}
        others = set(self.seconds) - reaching if mutant.number in self.anywhere else set()
        return [sorted(turn) for turn in (own, reaching - own, others) if turn]


def judge(program, mutant, turns, seconds, is_switched=True):
    """What becomes of it, and why."""
    if not turns:
        return "missed", "no test comes to it"
    for turn in turns:
        ran = program.run(mutant.number if is_switched else "none", turn, 5 + 10 * sum(seconds[test] for test in turn))
        if ran.outcome == "passed":
            continue
        if is_switched and not ran.seen:
            return "missed", f"{ran.by} failed, and did not come to it"
        return ("timeout" if ran.outcome == "timeout" else "caught"), ran.by
    return "missed", f"{sum(map(len, turns))} tests pass"


def baseline(copy, path):
    program = Program(path, copy.folder / "framework")
    ran = program.run("none", [], 600)
    if ran.outcome != "passed" or not ran.seconds:
        sys.exit(f"without a mutant: {ran.outcome}, {ran.by}")
    return program, Reach(ran)


def alone(copy, sources, mutant, reason, seconds):
    """What becomes of it in a build of its own, and why; all tests run."""
    copy.switch({file: source for file, source in sources.items() if file != mutant.file}, [])
    copy.write(mutant.file, mutant.text_alone(sources[mutant.file].text))
    path, errors = copy.build()
    if not path:
        return "unviable", f"{errors[0]['message']} (alone: {reason})"
    own = [test for test in seconds if test.startswith(mutant.module + "::")]
    turns = [turn for turn in (own, [test for test in seconds if test not in set(own)]) if turn]
    kind, why = judge(Program(path, copy.folder / "framework"), mutant, turns, seconds, False)
    return kind, f"{why} (alone: {reason})"


def step_back():
    """A machine may have other things to do than this."""
    try:
        pathlib.Path("/proc/self/autogroup").write_text("15")
    except OSError:
        pass


def main(folder, pattern=""):
    folder = pathlib.Path(folder)
    outcomes = Outcomes(folder / "mutants.out")
    copy = Copy(".", folder / "copy")
    sources, mutants, reasons = listed(copy, pattern)
    say(f"{len(mutants)} mutants")
    for mutant in mutants:
        if reasons[mutant.number] == "joins a let":
            outcomes.add(mutant, "unviable", "joins a let, which only && can")
    path, switched = build(copy, sources, mutants, reasons, outcomes)
    say(f"{len(switched)} in one build")
    step_back()
    program, reach = baseline(copy, path)
    say(f"{len(reach.seconds)} tests pass without a mutant")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        runs = {pool.submit(judge, program, mutant, reach.turns(mutant), reach.seconds): mutant for mutant in switched}
        for run in concurrent.futures.as_completed(runs):
            outcomes.add(runs[run], *run.result())
    rest = [mutant for mutant in mutants if reasons[mutant.number] not in (None, "joins a let", "does not compile")]
    say(f"{len(rest)} each in a build of its own")
    for mutant in rest:
        outcomes.add(mutant, *alone(copy, sources, mutant, reasons[mutant.number], reach.seconds))
    say(", ".join(f"{number} {kind}" for kind, number in outcomes.count.items()))


BEGAN = time.monotonic()
if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
