"""Database and store of a portal in one archive, and back again, into whatever database and store.

An archive is a tar file, also for people: a head, rows as lines of JSON for each table, contents by their hash, the
signing key, and a manifest with the SHA-256 of all that. It says nothing of the database that it comes from.
"""
