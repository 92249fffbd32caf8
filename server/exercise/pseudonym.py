"""Names for people who are not named: for each exercise another, the same one every time, and made with a key.

Who knows neither the key nor whom they look at cannot tell who is behind a name, nor that two names are one person.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from server.i18n import mark

ANIMALS = (
    mark("armadillo"), mark("beetle"), mark("bumblebee"), mark("butterfly"), mark("capybara"), mark("cicada"),
    mark("cricket"), mark("dolphin"), mark("dragonfly"), mark("elephant"), mark("falcon"), mark("firefly"),
    mark("giraffe"), mark("hummingbird"), mark("jaguar"), mark("ladybird"), mark("lynx"), mark("manatee"),
    mark("octopus"), mark("otter"), mark("owl"), mark("panda"), mark("parrot"), mark("penguin"), mark("seahorse"),
    mark("seal"), mark("sloth"), mark("swallow"), mark("tapir"), mark("toucan"), mark("turtle"), mark("whale"),
)  # fmt: skip

#: their translations fit every animal, whatever its gender
QUALITIES = (
    mark("brilliant"), mark("cheerful"), mark("clever"), mark("constant"), mark("cordial"), mark("courageous"),
    mark("elegant"), mark("exemplary"), mark("fascinating"), mark("gentle"), mark("happy"), mark("humble"),
    mark("independent"), mark("inspiring"), mark("intelligent"), mark("kind"), mark("loyal"), mark("memorable"),
    mark("noble"), mark("original"), mark("patient"), mark("persistent"), mark("polite"), mark("prudent"),
    mark("radiant"), mark("resilient"), mark("skilful"), mark("smiling"), mark("strong"), mark("surprising"),
    mark("swift"), mark("vibrant"),
)  # fmt: skip


class Pseudonym(NamedTuple):
    """Two words to translate, and a number where that is not enough."""

    quality: str
    animal: str
    #: 0: none is needed
    number: int = 0


def pseudonyms(users: Iterable[int], slug: str, key: str) -> dict[int, Pseudonym]:
    """Name each user, all differently; those who would be called the same get numbers."""
    digests = {user: _digest(user, slug, key) for user in users}
    words = {
        user: Pseudonym(_pick(QUALITIES, digest[0]), _pick(ANIMALS, digest[1])) for user, digest in digests.items()
    }
    times = Counter(words.values())
    return {
        user: name if times[name] == 1 else name._replace(number=int.from_bytes(digests[user][2:4]) % 900 + 100)
        for user, name in words.items()
    }


def _digest(user: int, slug: str, key: str) -> bytes:
    own = hmac.digest(key.encode(), b"pseudonym", "sha256")
    return hmac.digest(own, f"{slug}:{user}".encode(), "sha256")


def _pick(words: tuple[str, ...], byte: int) -> str:
    return words[byte % len(words)]
