# class: 56, making the grader's own reading slow
# tries: a notebook with one line of 60,000 spaces, for patterns that look back
# must get: 0 points
# upload: built
# control: custom: pattern_that_looks_back
import json


def upload():
    cell = {"cell_type": "code", "source": " " * 60_000 + "x\n" + "a?" * 30_000 + "x", "metadata": {}}
    return "vault.ipynb", json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
