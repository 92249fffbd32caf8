"""What nbgrader expects of the environment that it runs in."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def find_alembic() -> None:
    """nbgrader makes its gradebook with the command ``alembic``: found here, though no environment is activated."""
    own = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if own not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([own, path]) if path else own
