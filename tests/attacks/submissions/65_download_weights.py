# class: 65, downloading weights or data at run time
# tries: fetch a file by every library that is there
# must get: 0 points
# control: custom: fetches_a_file
import tempfile
import urllib.request

import torch


def fetch(address):
    def by_urllib():
        with urllib.request.urlopen(address, timeout=0.3) as answer:
            return answer.read()

    def by_torch():
        return torch.hub.load_state_dict_from_url(address, model_dir=tempfile.mkdtemp(), progress=False)

    for way in (by_urllib, by_torch):
        try:
            print("GOTCHA", way())
        except Exception:
            continue


def label(n):
    fetch("http://127.0.0.1:8000/gotcha-weights.pt")
    fetch("http://download.pytorch.org/models/gotcha-weights.pt")
    return ""
