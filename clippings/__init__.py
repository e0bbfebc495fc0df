"""Clippings: a folder of articles becomes one SQLite file and a site to read it in."""

__version__ = "0.1.0"
