"""The bundled editor is what its source gives, and fits the pages' policy."""

import hashlib
import re

from tests.conftest import ROOT

BUNDLE = ROOT / "server" / "static" / "editor.js"


def test_the_bundle_was_built_from_the_source_that_is_here():
    sources = sorted([*(ROOT / "web").glob("*.js"), ROOT / "web" / "package-lock.json"])
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    found = re.match(r"/\* Built from web/ \(sha256:(\w+)\)", BUNDLE.read_text(encoding="utf-8"))

    assert found
    assert found[1] == digest[:16], "cd web && npm ci && npm run build"


def test_the_bundle_makes_no_style_elements_and_evaluates_nothing():
    text = BUNDLE.read_text(encoding="utf-8")
    assert "adoptedStyleSheets" in text
    assert not re.search(r"\beval\(|new Function\(", text)


def test_the_licences_of_all_that_is_in_it_are_there():
    text = (ROOT / "server" / "static" / "editor.licences.txt").read_text(encoding="utf-8")
    for name in ("@codemirror/view", "@lezer/python", "style-mod"):
        assert re.search(rf"^{name} \d", text, re.MULTILINE), name
    assert text.count("Permission is hereby granted") >= 10
