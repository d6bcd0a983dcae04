"""The stack as plain processes of this machine: nothing to install, no root, no Docker."""
