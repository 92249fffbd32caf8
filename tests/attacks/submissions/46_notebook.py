# class: 46, changing a notebook's cells, points and outputs
# tries: give its own test cells all the points, an output that looks like a score, and another kernel
# must get: 0 points
# upload: built
# control: custom: notebook_metadata
import json

POINTS = {"nbgrader": {"grade": True, "points": 17, "grade_id": "test_unlocks_a_secret", "solution": False}}


def upload():
    cell = {
        "cell_type": "code",
        "source": "print('GOTCHA')\nassert True",
        "metadata": POINTS,
        "execution_count": 1,
        "id": "a",
        "outputs": [{"output_type": "execute_result", "data": {"text/plain": "17"}, "metadata": {}}],
    }
    other = {**cell, "source": "!echo GOTCHA\n%run /tmp/x.py\nscore = 17", "metadata": {}, "id": "b"}
    kernel = {"kernelspec": {"name": "bash", "language": "bash", "display_name": "GOTCHA"}}
    notebook = {"cells": [cell, other], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    return "vault.ipynb", json.dumps(notebook).encode()
