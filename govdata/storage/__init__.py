"""The bottom room: files that appear whole or not at all, locks, the one DuckDB session and the one Parquet relation.

files   temporary names, durable renames, hard links, locks, scratch folders, footers
sql     ``connect`` opens every DuckDB of the house, ``parquet`` names files to read, ``PARQUET`` says how they are
written
"""
