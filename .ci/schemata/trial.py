"""One run of the program of the tests, with one mutant on or none."""

import dataclasses
import math
import os
import pathlib
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time

MEMORY = 4 << 30
RESULT = re.compile(r"^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)(?: <([0-9.]+)s>)?")


@dataclasses.dataclass
class Ran:
    outcome: str  # passed, failed, timeout
    seen: list  # (number, thread)
    seconds: dict  # of each test that passed
    by: str = ""  # which test failed
    processor: float = 0  # seconds of it that all took


class Program:
    def __init__(self, path, folder):
        self.path, self.folder = path, pathlib.Path(folder)

    def run(self, mutant, tests, seconds):
        """Ends at the first test that fails. `seconds` of the processor are the most it gets, and a minute more for what only
        waits. What it waits for a processor counts for nothing: a machine that does other things too lets nothing run out."""
        with tempfile.NamedTemporaryFile() as seen:
            environment = {
                **os.environ,
                "MUTANT": str(mutant),
                "MUTANT_SEEN": seen.name,
                "RUST_BACKTRACE": "0",
                "RUSTC_BOOTSTRAP": "1",
            }
            command = [self.path, "--exact", *tests, "--test-threads=2", "-Zunstable-options", "--report-time"]
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                preexec_fn=lambda: limit(seconds),
            )
            late, over = threading.Event(), threading.Event()
            threading.Thread(target=watch, args=(process, seconds + 60, late, over), daemon=True).start()
            ran = Ran("passed", [], {})
            for line in process.stdout:
                result = RESULT.match(line)
                if result and result[2] == "FAILED":
                    ran.outcome, ran.by = "failed", result[1]
                    end(process)
                    break
                if result and result[2] == "ok":
                    ran.seconds[result[1]] = float(result[3] or 0)
            _, status, used = os.wait4(process.pid, 0)
            status = process.returncode = os.waitstatus_to_exitcode(status)
            over.set()
            process.stdout.close()
            ran.processor = used.ru_utime + used.ru_stime
            if ran.outcome == "passed" and status:
                ran.outcome = "timeout" if late.is_set() or status == -signal.SIGXCPU else "failed"
                ran.by = ran.outcome if ran.outcome == "timeout" else f"status {status}"
            lines = pathlib.Path(seen.name).read_text(errors="replace").splitlines()
            ran.seen = [(int(number), thread) for number, _, thread in (line.partition("\t") for line in lines)]
            return ran


def limit(seconds):
    os.setpgid(0, 0)  # and no session of its own, which would not stand back for others
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds) + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def watch(process, seconds, late, over):
    began = time.monotonic()
    while not over.wait(2):
        if time.monotonic() - began - queued(process.pid) > seconds:
            late.set()
            end(process)
            return


def queued(pid):
    """For how long its threads waited for a processor."""
    total = 0
    for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(file.read_text().split()[1])
        except OSError:
            pass
    return total / 1e9


def end(process):
    """With what it started itself."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
