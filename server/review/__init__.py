"""Reviews: staff looks through submissions, remarks on them, and answers who asks for another look."""
