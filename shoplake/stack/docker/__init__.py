"""The same services in containers: each container runs one service of the declaration."""
