"""Teams: who works for a merchant or for the platform's support, how they come in and how they leave."""
