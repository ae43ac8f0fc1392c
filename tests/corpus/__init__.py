"""Job scripts of the shapes that people have, and what kbatch makes of each.

`scripts/` holds the scripts, `expected.toml` beside it what must come of them, `site.toml` the site's config.
"""
