"""From files to a database: plan, process, write, publish."""
