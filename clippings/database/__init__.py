"""The database file, and nothing else of the build knows SQLite (but its state):

FileRows ─► Spool ─► ArchiveWriter ─► checks ─► clippings.db
"""
