"""What those who run the portal need: who did what, people, workers, announcements, exercises and their audits."""
