"""What leans on the database most, on PostgreSQL.

GRADIENTE_TEST_ON=postgres has all portals of a run of the tests keep their rows there.
"""
