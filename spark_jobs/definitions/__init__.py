"""What the words of the tables mean: each number that several tables have is defined here, once."""
