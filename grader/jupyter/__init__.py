"""The self-check and handing in from a notebook: Jupyter, Colab, VS Code, or IPython on a terminal.

``grader.check``, ``grader.submit`` and ``grader.login`` are defined in ``grader/__init__.py`` and import from here when
they are called. Hidden tests have no part in any of it.
"""
