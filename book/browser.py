#!/usr/bin/env python3
"""A built book in a real browser: search in English and Chinese, the picker of languages, light and dark.

Starts Chromium without a window and speaks its DevTools protocol through a pipe. With a folder as a second argument
it leaves screenshots there.
"""

import base64
import functools
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

BUILT = pathlib.Path(sys.argv[1]).resolve()
PATIENCE = 120


class Browser:
    def __init__(self, profile):
        into, self.asks = os.pipe()
        self.hears, out = os.pipe()
        chromium = "exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --window-size=1280,900"
        self.process = subprocess.Popen(
            ["sh", "-c", f'{chromium} --user-data-dir="$0" --remote-debugging-pipe 3<&{into} 4>&{out}', profile],
            pass_fds=(into, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(into), os.close(out)
        self.unread, self.number, self.page = b"", 0, None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.page = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.page:
            message["sessionId"] = self.page
        os.write(self.asks, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.unread:
                piece = os.read(self.hears, 1 << 20)
                assert piece, "the browser has ended"
                self.unread += piece
            line, self.unread = self.unread.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self.number:
                if method == "Runtime.evaluate" and "error" in answer:
                    return {"result": {}}  # the page went away while it was asked
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def says(self, script):
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    def wait(self, script, what):
        """Until the page says something that is true, through a change of pages too."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if said := self.says(script):
                return said
            time.sleep(0.05)
        raise AssertionError(f"{what}: waited {PATIENCE} s at {self.says('location.href')}")

    def open(self, url):
        self.ask("Page.navigate", url=url)
        self.wait(f"location.href == {json.dumps(url)} && document.readyState == 'complete'", url)

    def screenshot(self, name):
        if len(sys.argv) > 2:
            picture = self.ask("Page.captureScreenshot", format="png")["data"]
            (pathlib.Path(sys.argv[2]) / f"{name}.png").write_bytes(base64.b64decode(picture))


def finds(browser, page, words, wanted):
    """Searching leads to the page, by a click on the first result for it, which then shows the words."""
    browser.open(f"{SITE}/{page}")
    browser.says("document.getElementById('mdbook-search-toggle').click()")
    browser.says(f"document.getElementById('mdbook-searchbar').value = {json.dumps(words)};"
                 "document.getElementById('mdbook-searchbar').dispatchEvent(new KeyboardEvent('keyup'))")
    result = f"[...document.querySelectorAll('#mdbook-searchresults a')].find(a => a.pathname.endsWith({json.dumps(wanted)}))"
    browser.wait(f"!!{result}", f"{words!r} finds {wanted}")
    if page.startswith("zh"):
        assert browser.says("!!document.querySelector('#mdbook-searchresults .teaser em')"), f"no excerpt shows {words!r}"
    browser.screenshot(f"search-{page.split('/')[0]}")
    browser.says(f"{result}.click()")
    browser.wait(f"location.pathname == '/{wanted}' && !!document.querySelector('mark')", f"{wanted} shows {words!r}")


def finds_nothing(browser, page, words):
    browser.open(f"{SITE}/{page}?search={urllib.parse.quote(words)}")
    browser.wait("document.getElementById('mdbook-searchresults-header').innerText.startsWith('No search results')", words)


def leads_to(browser, page, language, wanted):
    browser.open(f"{SITE}/{page}")
    browser.says("document.querySelector('#languages summary').click()")
    browser.screenshot(f"picker-{language}")
    browser.says(f"document.querySelector('#languages a[lang={language}]').click()")
    browser.wait(f"location.pathname == '/{wanted}' && document.documentElement.lang == '{language}'", wanted)


def colours(browser, page, scheme):
    """The page's own colours, as numbers from 0 (black) to 255; and a diagram's, if there is one."""
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(f"{SITE}/{page}")
    bright = "c => c.match(/[\\d.]+/g).slice(0, 3).reduce((sum, each) => sum + Number(each) / 3, 0)"
    ground, text, *drawn = browser.says(
        f"const bright_{scheme} = {bright}; [bright_{scheme}(getComputedStyle(document.documentElement).backgroundColor),"
        f"bright_{scheme}(getComputedStyle(document.querySelector('main')).color),"
        f"...[...document.querySelectorAll('main svg text')].map(t => bright_{scheme}(getComputedStyle(t).fill))]")
    browser.screenshot(f"{pathlib.Path(page).stem}-{scheme}")
    assert (ground < 80 < 140 < text) if scheme == "dark" else (text < 80 < 200 < ground), f"{page}, {scheme}: {ground}, {text}"
    assert all(abs(each - ground) > 80 for each in drawn), f"{page}, {scheme}: a diagram cannot be read"
    return len(drawn)


def title(language, chapter):
    """What the chapter is called in this language."""
    text = (BUILT / language / chapter).read_text()
    return re.sub("<[^>]*>", "", re.search(r"<h1 id=.*?</h1>", text).group()).strip()


def main(browser):
    browser.ask("Page.enable")
    finds(browser, "introduction.html", "cascades", "closing.html")
    for language in sorted(each.name for each in BUILT.iterdir() if (each / "introduction.html").exists()):
        chapter = f"{language}/notifications.html"
        finds(browser, f"{language}/introduction.html", title(language, "notifications.html"), chapter)
        leads_to(browser, "notifications.html", language, chapter)
        leads_to(browser, chapter, "en", "notifications.html")
    leads_to(browser, "zh-CN/introduction.html", "zh-TW", "zh-TW/introduction.html")
    for language, words in {"zh-CN": "进行中的调用", "zh-TW": "執行緒"}.items():
        finds(browser, f"{language}/introduction.html", words, f"{language}/handle_tree.html")
        finds_nothing(browser, f"{language}/introduction.html", "龘龘")
    drawn = 0
    for page in sorted(each.name for each in BUILT.glob("*.html") if each.name != "print.html" and "<svg class=\"diagram" in each.read_text()) or ["introduction.html"]:
        drawn += colours(browser, page, "light") + colours(browser, page, "dark")
    print(f"the browser found what it looked for, in each language; {drawn} labels of diagrams read in light and dark")


handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=BUILT)
http.server.SimpleHTTPRequestHandler.log_message = lambda *_: None
http.server.ThreadingHTTPServer.request_queue_size = 128
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
SITE = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    browser = Browser(profile)
    try:
        main(browser)
    finally:
        browser.process.kill()
        browser.process.wait()
