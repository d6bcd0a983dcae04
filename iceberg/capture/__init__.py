"""From PostgreSQL's own log to bronze: every change exactly once."""
