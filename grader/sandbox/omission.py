"""Leaving one layer out, to find out what it is for: for the corpus of attacks (`grader.attack`) and nothing else.

There is no setting, variable or order for it. It is an argument of `Grader`, which goes with the first message to the
candidates' warm parent; both refuse to grade anything but the exercises that attacks are handed in for.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

#: layer as `probe` names it -> what `spawn` leaves out; the layers that `spawn` does not make stand for themselves
_PARTS = {
    "identity": "identity", "processes": "pid", "network": "network", "files": "root", "scratch": "scratch",
    "proc": "proc", "descriptors": "descriptors", "rlimits": "rlimits", "capabilities": "capabilities",
    "landlock": "landlock", "seccomp": "seccomp", "cgroup": "cgroup", "watchdog": "watchdog",
}  # fmt: skip
#: what the exercises that attacks are handed in for say their module is
MODULE = "attacks"
#: every layer, by the name that `gradiente doctor` gives it
LAYERS = tuple(_PARTS)


@dataclass(frozen=True)
class Omission:
    """Layers that are not set up; none, unless attacks are tried."""

    layers: frozenset[str] = frozenset()
    #: the exercises that may be graded then
    slugs: frozenset[str] = frozenset()

    @property
    def parts(self) -> frozenset[str]:
        """What `spawn` is to leave out."""
        return frozenset(_PARTS[layer] for layer in self.layers)

    @classmethod
    def among(cls, layers: frozenset[str], modules: Mapping[str, str]) -> "Omission":
        """Leave layers out for exercises of these modules. Raises PermissionError for one that is no target."""
        if unknown := sorted(layers - set(LAYERS)):
            raise ValueError(f"there is no layer {unknown[0]!r}: {', '.join(LAYERS)}")
        found = cls(layers, frozenset(modules))
        for slug, module in modules.items():
            found.check(slug, module)
        return found

    def check(self, slug: str, module: str = MODULE) -> None:
        """Raise PermissionError for whatever is no attack's target while a layer is missing."""
        if self.layers and (slug not in self.slugs or module != MODULE):
            off = ", ".join(sorted(self.layers))
            raise PermissionError(f"a layer of the sandbox is off ({off}): {slug} is not graded here")


NOTHING = Omission()


def why_it_must_stay(layer: str) -> str:
    """Why a layer cannot be left out on this host; empty: it can."""
    if layer == "identity" and os.geteuid() != 0:
        return "an ordinary user's grader has no other identity: the user namespace makes all other namespaces"
    return ""
