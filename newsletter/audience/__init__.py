"""The people: who asked for it, what proves it, who must never be mailed, and the links that are theirs."""
