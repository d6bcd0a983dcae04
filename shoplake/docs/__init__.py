"""Pages about every table of the lake, from what the code declares and, where a lake answers, from what its release holds."""
