# class: 51, markup and terminal codes in lines of a notebook that are named as left out
# tries: magics whose text acts where a report lists them
# must get: 2 points
# upload: built
# control: custom: lines_that_act
import json

LINES = (
    "%gotcha \x1b]0;gotcha\x07",
    "!echo \x1b[2J\x9b31m",
    "%time <script>gotcha</script>",
    "!x \u202egotcha",
    "%y =cmd|' calc'!A0",
)


def upload():
    source = "\n".join(["def label(n):", "    return f'key-{n}'", *LINES])
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}
    return "vault.ipynb", json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
