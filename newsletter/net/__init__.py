"""Whatever else leaves this machine: so far, one look at our own pages from outside."""
