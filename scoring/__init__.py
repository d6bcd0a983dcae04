"""Grades what was found against what really happened: the only reader of the ground truth."""
