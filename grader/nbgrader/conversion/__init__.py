"""nbgrader courses as exercises: ``course.import_course`` writes them, ``account`` says what became of each cell."""
