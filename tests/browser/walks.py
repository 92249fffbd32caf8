"""How thoroughly pages are walked: usually in Portuguese, whose words are longer, in both themes and all widths."""

from __future__ import annotations

import os

#: ``GRADIENTE_WALKS=all`` walks them in English, too, which takes minutes more
ALL = os.environ.get("GRADIENTE_WALKS") == "all"
TAGS = ["en", "pt-BR"] if ALL else ["pt-BR"]
