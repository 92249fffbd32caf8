# class: 8, importing the reference solution
# tries: load solutions/vault/vault.py from anywhere above, or any module in memory that looks like it
# must get: 0 points
# control: plain: green test_unlocks_a_secret test_labels_a_secret test_orders test_steps
import importlib.util
import sys
from pathlib import Path


def find_reference():
    for place in (Path(entry).absolute() for entry in (".", *sys.path)):
        for folder in (place, *place.parents):
            path = folder / "solutions" / "vault" / "vault.py"
            if path.exists():
                spec = importlib.util.spec_from_file_location("reference", path)
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module
    return next(module for name, module in sys.modules.items() if "solution" in name)


def __getattr__(name):
    return getattr(find_reference(), name)
