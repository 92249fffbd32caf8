"""A process that attacks: told over its standard input what to do, it answers a line of JSON for each attack.

``python -m grader.attack.worker``: started by `crew`, never by hand. A line that names a case is answered with its
outcome; the end of the input ends it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TextIO

import msgspec

from grader.attack.arena import Arena, Outcome
from grader.attack.corpus import Corpus
from grader.errors import GraderError


class Setup(msgspec.Struct, frozen=True):
    """What one worker is started with."""

    corpus: str
    #: the shared conftest that is in use on this host
    conftest: str
    data: str = ""
    #: layers of the sandbox that are left out, in a cell
    without: frozenset[str] = frozenset()


class Started(msgspec.Struct, frozen=True):
    """What a worker says first: that it is ready, or why it cannot attack."""

    failure: str = ""


def main() -> None:
    """Attack until nobody asks any more."""
    setup = msgspec.json.decode(sys.stdin.readline(), type=Setup)
    # What others print must not come between: the warm parents' output goes to the log.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        if setup.without:
            from grader.attack.cell import enter

            places = [
                sys.prefix,
                sys.base_prefix,
                str(Path(__file__).parents[2]),
                setup.corpus,
                setup.conftest,
                setup.data,
            ]
            enter([Path(place) for place in places if place])
        _attack(setup, answers)
    except (GraderError, OSError) as error:
        _say(answers, Started(failure=str(error)))


def _attack(setup: Setup, answers: TextIO) -> None:
    corpus = Corpus(Path(setup.corpus))
    cases = {case.name: case for case in corpus.cases()}
    data = Path(setup.data) if setup.data else None
    with tempfile.TemporaryDirectory(prefix="gradiente-attack-") as folder:
        os.chdir(folder)
        targets = corpus.lay_out(Path(folder), Path(setup.conftest))
        with Arena(targets, corpus.folder, data, setup.without) as arena:
            _say(answers, Started())
            for line in sys.stdin:
                _say(answers, arena.attempt(cases[line.strip()]))


def _say(answers: TextIO, message: Started | Outcome) -> None:
    answers.write(msgspec.json.encode(message).decode() + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
