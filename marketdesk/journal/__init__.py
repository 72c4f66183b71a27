"""What happened and what is due: events, jobs and deeds done once."""
