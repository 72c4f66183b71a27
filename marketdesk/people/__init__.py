"""Who: users, the party they act for, and the actor passed into every verb."""
