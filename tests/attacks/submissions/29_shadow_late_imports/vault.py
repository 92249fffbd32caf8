# class: 29, files that are imported in place of a library
# tries: bring modules of the standard library's names that the process has not imported yet
# must get: 0 points
# control: cold: says GOTCHA
import colorsys  # noqa: F401
import wave  # noqa: F401
