"""The archive as a dataset: what it is (`description`), said in the formats that others read
(`formats`), and its rows in the formats that others load (`encoding`).

Both the release and the site stand on this; it reads a finished database and writes nothing.
"""
