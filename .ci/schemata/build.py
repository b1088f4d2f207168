"""A copy of the workspace, in which the mutants are, and its unit tests."""

import json
import os
import pathlib
import shutil
import subprocess

from source import Source

HERE = pathlib.Path(__file__).parent
CRATE = "framework/src"
HEAD = b"#![allow(warnings)]\n"
TESTS = ["cargo", "test", "--locked", "-p", "hinternet", "--lib", "--all-features", "--no-run", "--message-format=json"]


class Copy:
    def __init__(self, root, folder):
        self.root = pathlib.Path(root)
        self.folder = pathlib.Path(folder).resolve()
        self.target = self.folder.parent / "target"
        shutil.rmtree(self.folder, ignore_errors=True)
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.check_output(listed, cwd=root, text=True).rstrip("\0").split("\0"):
            if (self.root / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.root / name, self.folder / name)
        shutil.copyfile(HERE / "switch.rs", self.folder / CRATE / "mutant_switch.rs")
        lib = self.folder / CRATE / "lib.rs"
        lib.write_bytes(HEAD + lib.read_bytes() + b"mod mutant_switch;\n")
        self.written = {}

    def source(self, file):
        return Source((self.root / file).read_bytes())

    def write(self, file, text):
        """Only what is another text, so that Cargo builds only what it must."""
        path = self.folder / file
        if path.read_bytes() != text:
            path.write_bytes(text)

    def switch(self, sources, mutants):
        for file, source in sources.items():
            text, self.written[file] = source.switched([m for m in mutants if m.file == file])
            self.write(file, text)

    def build(self):
        """The program of the tests, or `None`, and the compiler's errors."""
        environment = {
            "CARGO_PROFILE_DEV_DEBUG": "0",
            **os.environ,
            "CARGO_INCREMENTAL": "1",  # those that are built alone differ little
            "CARGO_TARGET_DIR": str(self.target),
        }
        ran = subprocess.run(TESTS, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        program, errors = None, []
        for message in map(json.loads, (line for line in ran.stdout.splitlines() if line.startswith("{"))):
            if message["reason"] == "compiler-artifact" and message["executable"] and message["profile"]["test"]:
                program = message["executable"]
            if message["reason"] == "compiler-message" and message["message"]["level"].startswith("error"):
                errors.append(message["message"])
        if ran.returncode and not errors:
            raise SystemExit(ran.stderr)
        return (None if errors else program), errors

    def blame(self, error):
        """Numbers of the mutants that are at fault, and whether it is they or the switch between them and the source's own."""
        spans = [place for span in error["spans"] for place in origins(span)]
        for among in ([span for span in spans if span["is_primary"]], spans):
            own = self.around(among, lambda part: len(part.numbers) == 1)
            if own:
                return own, "`is_on`" not in error["message"]
        return self.around(spans, lambda part: True), False

    def around(self, spans, counts):
        """Of the first place that lies in a part that counts, what the smallest such part holds."""
        for span in spans:
            parts = [
                part
                for part in self.written.get(span["file_name"], [])
                if counts(part) and part.start <= span["byte_start"] and span["byte_end"] <= part.end
            ]
            if parts:
                return min(parts, key=lambda part: part.end - part.start).numbers
        return []


def origins(span):
    """A place, and where the macros stand that it came out of."""
    yield span
    if span.get("expansion"):
        yield from origins({**span["expansion"]["span"], "is_primary": span["is_primary"]})
