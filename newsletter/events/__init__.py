"""What providers report after they accepted a mail, and what follows from it."""
