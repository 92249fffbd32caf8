"""nbgrader's exchange over HTTPS: what instructors release, what is handed in, the feedback.

Only ``pages``, ``own_pages`` and ``sending`` know Flask.

Contents are zip archives in the store, read only by ``grader.archive`` and unpacked nowhere on the portal. Whoever
links them with the portal's own assignments and gradebook begins at ``submissions.find`` and ``submissions.newest``.
"""
