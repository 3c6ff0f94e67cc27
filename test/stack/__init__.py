"""The real parts, started as private instances in a temporary directory by an unprivileged user.

The quickstart and the tests use the same ones. Standard library and psycopg2 only.
"""
