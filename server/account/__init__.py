"""Accounts: coming and going, invitations, passwords, institutions, tokens of programs."""
