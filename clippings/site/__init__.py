"""The website: what several of its pages share."""
