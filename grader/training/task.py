"""One training under salt: what the candidate gets, and what stays with the examiner."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from grader.training.images import ImageSet
from grader.training.missing import MissingData
from grader.training.salt import Turn, draw_salt, seeded
from grader.training.sets import load_set
from grader.training.synthetic import draw_glyphs


@dataclass(frozen=True, repr=False)
class Draw:
    """One training. ``answers`` never leave the examiner."""

    dataset: str
    images: Tensor
    labels: Tensor
    questions: Tensor
    answers: Tensor
    classes: int


@dataclass(frozen=True)
class Terms:
    """What a test asks for."""

    dataset: str
    examples: int | None
    questions: int
    turn: Turn = Turn.NONE
    #: the set that stands in where this one is missing; empty: none may
    twin: str = ""


#: the set of images that are made up anew for each training
GLYPHS = "glyphs"


def draw_task(terms: Terms, folder: Path, *, secret: str, seed: int) -> Draw:
    """One training. Raises ExerciseError where its set is missing and has no twin, or has too few images."""
    if terms.dataset == GLYPHS:
        return _draw_glyphs(terms, seed)
    try:
        source, is_twin = load_set(terms.dataset, folder), False
    except MissingData:
        if not terms.twin:
            raise
        source, is_twin = load_set(terms.twin, folder), True
    return salted(source, _fitting(terms, source) if is_twin else terms, secret=secret, seed=seed)


def salted(source: ImageSet, terms: Terms, *, secret: str, seed: int) -> Draw:
    """A training from a set that is at hand."""
    salt = draw_salt(source, terms.examples, terms.questions, terms.turn, secret=secret, seed=seed)
    names = salt.classes[source.labels]
    return Draw(
        source.name,
        salt.dress(source.images[salt.taught], 0),
        names[salt.taught],
        salt.dress(source.images[salt.asked], 1),
        names[salt.asked],
        source.classes,
    )


def _fitting(terms: Terms, source: ImageSet) -> Terms:
    """A twin is smaller: as much of it as there is."""
    asked = min(terms.questions, len(source) // 3)
    room = len(source) - len(source) // 3
    examples = None if terms.examples is None else min(terms.examples, room)
    return Terms(source.name, examples, asked, terms.turn)


def _draw_glyphs(terms: Terms, seed: int) -> Draw:
    examples = 1_000 if terms.examples is None else terms.examples
    images, labels = draw_glyphs(examples + terms.questions, generator=seeded(seed))
    cut = slice(examples), slice(examples, None)
    (taught, asked), (names, answers) = ([values[part].clone() for part in cut] for values in (images, labels))
    return Draw(GLYPHS, taught, names, asked, answers, 10)
