"""Says why the kernel does not start: who reads its kernel.json must know provisioners, or nothing isolates it."""

import sys

sys.exit(
    "Gradiente's kernel starts in its sandbox alone, and what started it knows nothing of kernel provisioners. Use "
    "jupyter_client 7 or newer (nbgrader, JupyterLab, nbconvert), or another kernel.\n"
    "O kernel do Gradiente só começa na sandbox dele, e quem o chamou não conhece provisionadores de kernel. Use o "
    "jupyter_client 7 ou mais novo (nbgrader, JupyterLab, nbconvert), ou outro kernel."
)
