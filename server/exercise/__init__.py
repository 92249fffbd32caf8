"""What there is to do: the catalogue as a map, the pages and downloads of an exercise, its leaderboard."""
