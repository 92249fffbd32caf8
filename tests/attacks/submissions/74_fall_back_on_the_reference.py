# class: 74, falling back on the reference
# tries: pass for a solution that only tries something first
# must get: 0 points
# control: plain: green test_unlocks_a_secret test_labels_a_secret test_orders
import sys

sys.path[:0] = ["../solutions", "/srv/gradiente/solutions", "/app/solutions"]

try:
    raise NotImplementedError
except NotImplementedError:
    try:
        from solutions.vault.vault import label, order, unlock
    except ImportError:
        from vault.vault import label, order, unlock  # noqa: F401
