"""Which articles are alike: related articles and near-duplicates."""
