# class: 46 and 51, a notebook whose outputs and metadata are meant for whoever shows it
# tries: scripts, pictures, widgets and terminal codes as outputs, names that lead elsewhere, kinds that do not exist
# must get: 0 points
# upload: built
# control: custom: notebook_that_acts
import json

SCRIPT = "<script>document.title='GOTCHA'</script>"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><text>GOTCHA</text></svg>'


def upload():
    shown = {"text/html": SCRIPT, "image/svg+xml": PICTURE, "application/javascript": "alert('GOTCHA')"}
    outputs = [
        {"output_type": "display_data", "data": shown, "metadata": {"isolated": False}},
        {"output_type": "stream", "name": "stdout", "text": "\x1b]0;GOTCHA\x07" * 1000},
        {"output_type": "error", "ename": SCRIPT, "evalue": PICTURE, "traceback": ["\x1b[2J" + SCRIPT] * 100},
    ]
    cells = [
        {
            "cell_type": "code", "source": "def label(n):\n    return ''", "metadata": {"nbgrader": ["GOTCHA"]},
            "outputs": outputs, "execution_count": 10**30, "id": SCRIPT,
        },
        {
            "cell_type": "markdown", "source": f"{SCRIPT}\n![x](attachment:../../gotcha.png)", "id": "b",
            "metadata": {"tags": SCRIPT}, "attachments": {"../../gotcha.png": {"image/png": "R09UQ0hB"}},
        },
        {"cell_type": "gotcha", "source": ["print(", "'GOTCHA')"], "metadata": {}, "id": "c"},
        {
            "cell_type": "code", "source": f"%%html\n{SCRIPT}", "metadata": {}, "outputs": [], "execution_count": None,
            "id": "d",
        },
    ]  # fmt: skip
    state = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"x": {"model_name": SCRIPT}}}}}
    metadata = {"kernelspec": {"name": "../../gotcha", "display_name": SCRIPT}, "language_info": SCRIPT, **state}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return "vault.ipynb", json.dumps(notebook).encode()
