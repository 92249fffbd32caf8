"""A class that uses nbgrader with a portal as its exchange: everything for real, from the release to the feedback.

``__main__`` tells the story; ``pupil`` generates who takes part and what they hand in, ``school`` is the portal with
everybody's folders, ``terminal`` where commands are typed, ``outcome`` what must have come of it.
"""
