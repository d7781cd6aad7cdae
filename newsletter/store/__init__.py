"""One Store, an attribute per aggregate, one transaction(). The only place with SQL."""
