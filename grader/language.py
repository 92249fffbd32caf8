"""Which language a person reads."""

from __future__ import annotations

import os


def system_language() -> str:
    """``pt-BR`` or ``en``, from the variables that POSIX systems use."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "pt-BR" if os.environ[name].lower().startswith("pt") else "en"
    return "en"
