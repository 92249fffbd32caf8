"""What takes longer to import than torch itself: torchvision, and the compiler that torch's optimizers ask for.

Most exercises use neither. So a warm parent starts without them, and a branch of it that has them serves those who do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Words without which no source comes to them, unless it hides what it does; then it waits for its own import.
_WORDS = re.compile(rb"torchvision|optim|dynamo|compile|checkpoint|export|functorch|func\b|vmap|parallel|_pytree")


def mentions(texts: Iterable[bytes]) -> bool:
    """Whether some source may use one of them. It is searched, never parsed."""
    return any(_WORDS.search(text) for text in texts)


def load() -> None:
    """Import them all: torchvision imports the compiler."""
    import torchvision  # noqa: F401


def load_compiler() -> None:
    """Import what torch's optimizers import at their first step."""
    import torch._dynamo  # noqa: F401
