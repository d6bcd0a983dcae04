"""The `shoplake` command: one file a command group, all printing through one output module."""
