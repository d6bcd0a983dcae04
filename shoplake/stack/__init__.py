"""The services of the local stack: declared once, run as processes, described for compose."""
