"""Grades deep-learning exercises: hidden pytest suites against sandboxed student code.

Imports nothing heavy, so that the portal and the command line start fast. In a notebook:

    from grader import check, submit
    check("sigmoid")                    the public tests, on what the notebook's cells have defined
    submit("sigmoid")                   hand in on the portal

or ``%load_ext grader``, then ``%check sigmoid`` and ``%submit sigmoid``.
"""

from __future__ import annotations

__all__ = ["check", "load_ipython_extension", "login", "submit"]


def check(slug: str, *, lang: str | None = None, seconds: float | None = None) -> None:
    """Run an exercise's public tests on this notebook's code and show the verdicts.

    ``lang``: ``"en"`` or ``"pt-BR"``; ``seconds``: how long each test may take.
    """
    from grader.jupyter.check import check as run

    run(slug, lang, seconds)


def submit(slug: str, *, lang: str | None = None, wait: bool = True) -> None:
    """Hand this notebook in on the portal, show the receipt, and wait for the verdicts unless told otherwise."""
    from grader.jupyter.submit import submit as run

    run(slug, lang, wait)


def login(url: str | None = None, token: str | None = None, *, lang: str | None = None) -> None:
    """Log in to a portal with a token of your account's page; without ``token`` it is asked for and not shown."""
    from grader.jupyter.submit import login as run

    run(url, token, lang)


def load_ipython_extension(shell: object) -> None:
    """Define ``%check`` and ``%submit``; IPython calls this for ``%load_ext grader``."""
    from grader.jupyter.magics import register

    register(shell)
