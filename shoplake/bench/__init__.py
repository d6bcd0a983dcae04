"""`shoplake bench`: what every step costs, next to the limit it is compared with, in one run."""
