"""Salt: what one grading changes about a data set in secret, so that what was learned at home is worth nothing.

- *Two pools.* A set is split by a secret: a third is only ever asked about, the rest only ever taught from. A candidate
  that keeps what one training showed it meets none of it again as a question in the next one. The secret is the
  grading's for all trainings that a test makes itself. The runs of a training check have a candidate each, which knows
  of no other run; so each has a split of its own, and the runs have no luck with their questions in common.
- *Fresh draws.* Each training takes its own examples and questions from the pools, in its own order: positions and
  counts tell nothing.
- *Classes.* Each training renames the classes: a network from home answers in names that are no longer used.
- *Dither.* Each pixel moves by at most one step of 255: no image equals one that was published, so that a table of
  hashes finds nothing; no network notices.
- *Turns*, by the exercise's choice, so that a network from home sees other images than it knows. They leave the task
  exactly as hard for the networks that they are meant for, because these treat all places alike when they are made:
  ``FLIP``, one of the eight symmetries of the square, for convolutions (mirrored images and mirrored filters give the
  same sums, and first weights are as probable mirrored); ``PIXELS``, one permutation of all places, for dense networks
  (permuted pixels and permuted columns of the first matrix give the same sums). A permutation would take from a
  convolution what it lives on, and a symmetry of eight can be tried out, which a permutation of 64 cannot.

What salt cannot do: who knows the set can line up what was brought from home with the examples of this run, by trying
the eight symmetries and taking a vote on the names. That is why a check of a training is preceded by one on images
that nobody has seen, `grader.training.synthetic.draw_glyphs`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from grader.errors import ExerciseError
from grader.training.images import ImageSet

#: one part in so many is only ever asked about
_POOLS = 3


class Turn(StrEnum):
    """What is done to the images."""

    NONE = "none"
    FLIP = "flip"
    PIXELS = "pixels"


@dataclass(frozen=True, repr=False)
class Salt:
    """What is secret about one training."""

    #: the name that each class has in this training
    classes: Tensor
    #: places in the set of the examples to learn from, in their order
    taught: Tensor
    #: places of the images that are asked about
    asked: Tensor
    #: which of the eight symmetries of the square: bits for left-right, up-down and the diagonal
    symmetry: int
    #: where the pixel of each place comes from; None: from there
    places: Tensor | None
    noise: int

    def dress(self, images: Tensor, part: int) -> Tensor:
        """Images uint8 as this training shows them: float32 in [0, 1]. Another part gets other noise."""
        generator = seeded(self.noise + part)
        noise = torch.randint(-1, 2, images.shape, generator=generator, dtype=torch.int16)
        found = images.to(torch.int16).add_(noise).clamp_(0, 255).float().div_(255)
        if self.places is not None:
            found = found.flatten(2)[:, :, self.places].reshape(found.shape)
        if self.symmetry & 1:
            found = found.flip(3)
        if self.symmetry & 2:
            found = found.flip(2)
        return (found.mT if self.symmetry & 4 else found).contiguous()


def draw_salt(source: ImageSet, examples: int | None, asked: int, turn: Turn, *, secret: str, seed: int) -> Salt:
    """The salt of one training: ``secret`` makes the pools, ``seed`` is the training's.

    ``examples`` None takes all that may be taught. Raises ExerciseError where the set has fewer than is wanted.
    """
    questions, lessons = split_pools(source, secret)
    wanted = len(lessons) if examples is None else examples
    if wanted > len(lessons) or asked > len(questions):
        raise ExerciseError(
            f"{source.name} has {len(lessons):,} images to learn from and {len(questions):,} to be asked about; "
            f"the test wants {wanted:,} and {asked:,}.",
            f"{source.name} tem {len(lessons):,} imagens para aprender e {len(questions):,} para perguntar; "
            f"o teste quer {wanted:,} e {asked:,}.",
        )
    generator = seeded(seed)
    height, width = source.images.shape[2:]
    # all are drawn whatever is used, so that a turn changes nothing else
    classes = torch.randperm(source.classes, generator=generator)
    taught = lessons[torch.randperm(len(lessons), generator=generator)[:wanted]]
    questions = questions[torch.randperm(len(questions), generator=generator)[:asked]]
    symmetry = int(torch.randint(8 if height == width else 4, (), generator=generator))
    places = torch.randperm(height * width, generator=generator)
    noise = int(torch.randint(2**62, (), generator=generator))
    return Salt(
        classes,
        taught,
        questions,
        symmetry if turn is Turn.FLIP else 0,
        places if turn is Turn.PIXELS else None,
        noise,
    )


def split_pools(source: ImageSet, secret: str) -> tuple[Tensor, Tensor]:
    """The places to ask about, and those to teach from: the same for equal secrets."""
    digest = hashlib.sha256(f"{secret}/pools/{source.name}".encode()).digest()
    order = torch.randperm(len(source), generator=seeded(int.from_bytes(digest[:8], "little") >> 1))
    questions = len(source) // _POOLS
    return order[:questions], order[questions:]


def seeded(seed: int) -> torch.Generator:
    """A generator of its own: nobody else's draws change what it gives."""
    return torch.Generator().manual_seed(seed)
