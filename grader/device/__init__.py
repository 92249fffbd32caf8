"""The devices of a host: which there are, who uses how much of them, and whether they are well.

``gpu`` names them, ``discover`` finds them, ``ledger`` shares them out, ``health`` examines them; ``start`` is what a
candidate with a GPU does before any of the student's code is loaded.
"""
