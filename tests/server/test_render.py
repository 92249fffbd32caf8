"""Statements and code as HTML."""

import re

import pytest

from grader.exercise import default_catalogue
from grader.report import LANGUAGES
from server import render

EXERCISES = list(default_catalogue())


def test_maths_becomes_mathml_in_the_line_and_apart():
    html = render.text("Let $x_i$ be.\n\n$$\\sum_i x_i$$\n")

    assert '<math display="inline"><mrow><msub>' in html
    assert '<math display="block">' in html
    assert "$" not in html


def test_maths_that_is_wrong_stays_readable():
    assert '<code class="maths-error">\\frac{</code>' in render.text("$\\frac{$")


def test_code_is_highlighted_by_classes():
    html = render.text("```python\ndef f(x):\n    return x < 1\n```\n")

    assert '<span class="k">def</span>' in html
    assert "&lt;" in html
    assert "style" not in html


def test_code_in_a_language_that_nobody_knows_is_shown_as_it_is():
    assert "a &lt; b" in render.text("```nonsense\na < b\n```\n")


def test_tables_are_aligned_by_classes():
    html = render.text("| a | b |\n|---|--:|\n| 1 | 2 |\n")

    assert '<td class="align-right">2</td>' in html
    assert "style" not in html


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](https://evil.example/pixel)",
        "$\\href{javascript:alert(1)}{x}$",
        "$\\text{<script>alert(1)</script>}$",
        "$\\text{<img src=x onerror=alert(1)>}$",
        "```python\n</pre><script>alert(1)</script>\n```",
        '```"><script>\nx\n```',
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    ],
)
def test_statements_bring_no_active_content(markdown):
    html = render.text(markdown)

    assert re.findall(r"<script|<img|<style|href=.javascript|<[^>]+\son\w+=", html) == []


def test_hints_are_taken_out_wherever_they_stand():
    statement = render.statement("# T\n\nbody\n\n## Hints\n\nsecret\n\n## Check\n\nrest\n")

    assert "secret" not in statement.body
    assert "rest" in statement.body
    assert statement.hints == "<p>secret</p>\n"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.slug)
def test_the_statement_of_every_exercise_is_rendered_whole(exercise, language):
    source = exercise.statement(language)
    statement = render.statement(source)
    html = statement.body + statement.hints

    assert statement.body.startswith("<h1>")
    assert statement.hints
    assert "maths-error" not in html
    visible = re.sub(r"<pre.*?</pre>|<code.*?</code>", "", html, flags=re.DOTALL)
    assert "$" not in visible, "maths that was not recognised"
    assert ("<math" in html) is ("$" in source)
    assert ('class="k' in html) is ("```python" in source)
