"""What keeps the lake small: which files are worth rewriting, which snapshots, files and books nobody needs any more."""
