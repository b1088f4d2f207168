#!/usr/bin/env python3
"""Of a built book, all languages: every link leads somewhere, and no listing is empty because its anchor is missing."""

import pathlib
import posixpath
import re
import sys
from urllib.parse import unquote

root = pathlib.Path(sys.argv[1])
pages = {str(page.relative_to(root)): page.read_text() for page in root.rglob("*.html")}
ids = {name: set(re.findall(r'\bid="([^"]*)"', text)) for name, text in pages.items()}
bad = set()
for name, text in pages.items():
    body = re.sub(r"<span class=.boring.>.*?</span>", "", text, flags=re.S)
    if re.search(r"<code class=.language-[^>]*>\s*</code>", body):
        bad.add(f"{name}: an empty listing; its anchor is missing")
    if not name.endswith("print.html") and "{{#" in re.sub(r"<code.*?</code>", "", text, flags=re.S):
        bad.add(f"{name}: an include that was not carried out")
    for target, anchor in re.findall(r'(?:href|src)="([^":#?]*)(?:#([^"]*))?"', text):
        where = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(target))) if target else name
        if not (root / where).exists() or (anchor and where in ids and unquote(anchor) not in ids[where]):
            bad.add(f"{name}: a link to {target}#{anchor} leads nowhere")
print("\n".join(sorted(bad)) or f"{len(pages)} pages, every listing and link is whole")
sys.exit(1 if bad or not pages else 0)
