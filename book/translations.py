#!/usr/bin/env python3
"""Keeps po/*.po in step with the chapters.

  translations.py check            what .ci/run asks: nothing fuzzy, obsolete or outdated, and the chapters named in
                                   po/complete translated to the last sentence, with code and links as they are
  translations.py missing LANGUAGE what these chapters still lack, as a catalog to be filled in
  translations.py merge FILE...    takes such catalogs in, by their header's language, and drops what is outdated

Needs `mdbook`, `mdbook-xgettext` and the package `polib`.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import polib

BOOK = pathlib.Path(__file__).resolve().parent
CATALOGS = sorted((BOOK / "po").glob("*.po"))


def template():
    with tempfile.TemporaryDirectory() as folder:
        asked = {**os.environ, "MDBOOK_OUTPUT": json.dumps({"xgettext": {"granularity": 0}})}
        subprocess.run(["mdbook", "build", str(BOOK), "-d", folder], env=asked, check=True, stderr=subprocess.DEVNULL)
        return polib.pofile(f"{folder}/messages.pot")


def wanted(messages):
    """Those of the chapters that are to be complete, but for what is code."""
    complete = {f"src/{line}" for line in (BOOK / "po/complete").read_text().split()}
    missing = complete - {source for message in messages for source, _ in message.occurrences}
    if missing:
        sys.exit(f"po/complete names chapters that are not there: {sorted(missing)}")
    return [m for m in messages if complete & {source for source, _ in m.occurrences} and not is_code(m.msgid)]


def is_code(text):
    """Literals and outputs; comments and cells that are one name, or numbers."""
    text = text.strip()
    if re.match(r"""b?["']|```|r#*\"""", text):
        return True
    prose = re.sub(r"`[^`]*`|^//[/!]?", "", text).strip()
    return not re.search(r"[A-Za-z]{2}", prose) or bool(re.fullmatch(r"\w*([a-z][A-Z]|_|::)[\w:]*", prose))


def kept(text):
    """What a translation may not change: code, and where links lead."""
    return collections.Counter(re.findall(r"`[^`]+`", text)), collections.Counter(re.findall(r"\]\(([^)]*)\)", text))


def glued(text):
    """`*a*` becomes `_a_` on its way to the page, which is no emphasis inside of a word, and Chinese has no spaces."""
    pairs = re.finditer(r"(.?)(?<!\*)\*(?!\*)[^*]+\*(?!\*)(.?)", re.sub(r"`[^`]*`", "", text))
    return any(beside.isalnum() for pair in pairs for beside in pair.groups())


def faults(catalog, messages):
    known = {message.msgid for message in messages}
    translated = {entry.msgid: entry.msgstr for entry in catalog if entry.msgstr and not entry.obsolete}
    for entry in catalog:
        if entry.obsolete or "fuzzy" in entry.flags or entry.msgid not in known or not entry.msgstr:
            yield f"fuzzy, obsolete, empty or outdated: {entry.msgid!r}"
        elif kept(entry.msgid) != kept(entry.msgstr) or (entry.msgid[-1] == "\n") != (entry.msgstr[-1] == "\n"):
            yield f"other code, links or end than the original: {entry.msgid!r}\n    {entry.msgstr!r}"
        elif glued(entry.msgstr):
            yield f"emphasis without spaces around it is none: {entry.msgstr!r}"
    for message in wanted(messages):
        if message.msgid not in translated:
            yield f"not translated ({message.occurrences[0][0]}): {message.msgid!r}"


def check():
    messages, bad = template(), 0
    for path in CATALOGS:
        catalog = polib.pofile(str(path))
        for fault in faults(catalog, messages):
            print(f"{path.name}: {fault}")
            bad += 1
        print(f"{path.name}: {len(catalog)} messages of {len(messages)}, {len(wanted(messages))} of them wanted")
    sys.exit(1 if bad or not CATALOGS else 0)


def missing(language):
    catalog = polib.pofile(str(BOOK / f"po/{language}.po"))
    known = {entry.msgid for entry in catalog}
    left = polib.POFile(wrapwidth=0)
    left.metadata = catalog.metadata
    left.extend(message for message in wanted(template()) if message.msgid not in known)
    print(left)


def merge(files):
    messages = template()
    given = collections.defaultdict(dict)
    for file in map(polib.pofile, files):
        given[file.metadata["Language"]].update({entry.msgid: entry.msgstr for entry in file if entry.msgstr})
    for path in CATALOGS:
        old = polib.pofile(str(path))
        texts = {entry.msgid: entry.msgstr for entry in old} | given[path.stem]
        new = polib.POFile(wrapwidth=120)
        new.metadata = {
            "Project-Id-Version": "hinternet",
            "POT-Creation-Date": "2026-01-01 00:00+0000",
            "PO-Revision-Date": "2026-01-01 00:00+0000",
            "Last-Translator": "The hinternet contributors",
            "Language-Team": path.stem,
            "Language": path.stem,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            "Plural-Forms": "nplurals=1; plural=0;",
        }
        for message in messages:
            if texts.get(message.msgid):
                message = polib.POEntry(msgid=message.msgid, msgstr=texts[message.msgid], occurrences=message.occurrences)
                new.append(message)
        new.save(str(path))


match sys.argv[1:]:
    case ["check"]: check()
    case ["missing", language]: missing(language)
    case ["merge", *files]: merge(files)
    case _: sys.exit(__doc__)
