"""One file per thing a person does. Functions here own the transactions; faces parse, call one, and present."""
