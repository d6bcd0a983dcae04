"""The refinery: silver and gold tables, one file a table, and the runner that refreshes them."""
