"""The store: an attribute per aggregate, one transaction()."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from newsletter.store.api_keys import ApiKeys
from newsletter.store.arrivals import Arrivals
from newsletter.store.catalogue import Catalogue
from newsletter.store.comparisons import Comparisons
from newsletter.store.deliveries import Deliveries
from newsletter.store.events import Events
from newsletter.store.exports import Exports
from newsletter.store.import_runs import ImportRuns
from newsletter.store.issues import Issues
from newsletter.store.lists import Lists
from newsletter.store.messages import Messages
from newsletter.store.meta import Meta
from newsletter.store.operators import Operators
from newsletter.store.pace import Pace
from newsletter.store.people_lists import PeopleLists
from newsletter.store.results import Results
from newsletter.store.saved import Saved
from newsletter.store.sources import Sources
from newsletter.store.sqlite import Sqlite
from newsletter.store.subscribers import Subscribers
from newsletter.store.tools import Tools
from newsletter.store.traces import Traces
from newsletter.store.votes import Votes
from newsletter.store.whole import Whole


class Store:
    """Everything that is kept, in one database file, made and brought up to date when opened."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError where the file cannot be opened or was written by a newer version."""
        self.database = Sqlite(path)
        self.database.migrate()
        self.meta = Meta(self.database)
        self.meta.ensure()
        self.catalogue = Catalogue(self.database)
        self.catalogue.catch_up()
        self.comparisons = Comparisons(self.database, self.catalogue)
        self.subscribers = Subscribers(self.database)
        self.people = PeopleLists(self.database)
        self.arrivals = Arrivals(self.database)
        self.exports = Exports(self.database)
        self.import_runs = ImportRuns(self.database)
        self.issues = Issues(self.database)
        self.deliveries = Deliveries(self.database, self.issues)
        self.results = Results(self.database)
        self.messages = Messages(self.database)
        self.events = Events(self.database)
        self.votes = Votes(self.database)
        self.saved = Saved(self.database)
        self.operators = Operators(self.database)
        self.api_keys = ApiKeys(self.database)
        self.lists = Lists(self.database, self.subscribers)
        self.traces = Traces(self.database)
        self.sources = Sources(self.database)
        self.tools = Tools(self.database, self.catalogue)
        self.pace = Pace(self.database)
        self.whole = Whole(self.database)

    @property
    def path(self) -> Path:
        return self.database.path

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is written, or nothing is; nests."""
        return self.database.transaction()

    def backup(self, target: Path) -> None:
        """A consistent copy into a new file."""
        self.database.backup(target)

    def close(self) -> None:
        """Close every connection. To be called when no other thread uses one."""
        self.database.close()
