# class: 45, ending the process by a memory fault
# tries: take the whole grading down with one call
# must get: exactly 2 points
# control: plain: dies
import ctypes


def label(n):
    return f"key-{n}"


def order(x):
    ctypes.string_at(0)
