"""The heart: tickets, their messages, their clock and the rules of who may do what."""
