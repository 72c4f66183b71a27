"""What happened, what is due, what was done once and how much of a limit is used up."""
