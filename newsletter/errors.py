"""Every error this package raises on purpose.

NewsletterError                 one clear line for a person; exit code 1
├── ConfigError                 settings are missing, unknown or contradict one another
├── InputError                  something given to us cannot be used; says where and what to do
├── NotFoundError               no such issue, comparison or subscriber
├── TransitionError             the thing exists, but its state does not allow this act
├── ChecksFailedError           a draft or a live send is blocked, with every reason
├── ContentChangedError         the content is no longer the content that was approved
├── TokenError                  a link is forged, expired, or for something else
├── SignInError                 somebody may not come in, or not now
├── StoreError                  the database cannot do this now, or was made by a newer version
└── ProviderError               a provider is not set up, or its webhook is not what it says
"""

import traceback


class NewsletterError(Exception):
    """Something did not work out."""

    permanent = True
    """False where the same act may work later without anything being changed."""

    def __init__(self, what: str | None = None, *, next_step: str = "", permanent: bool | None = None) -> None:
        """`what` happened, as a sentence (the class docstring where absent), and the next step to take."""
        self.what = what or (type(self).__doc__ or "").strip().splitlines()[0]
        self.next_step = next_step
        if permanent is not None:
            self.permanent = permanent
        super().__init__(self.what)

    def __str__(self) -> str:
        return f"{self.what} {self.next_step}".strip()


class ConfigError(NewsletterError):
    """The settings cannot be used."""


class InputError(NewsletterError):
    """This input cannot be used."""


class NotFoundError(NewsletterError):
    """There is no such thing here."""


class TransitionError(NewsletterError):
    """The state it is in does not allow this."""


class ChecksFailedError(NewsletterError):
    """Checks block this."""


class ContentChangedError(NewsletterError):
    """The content changed since it was approved."""


class TokenError(NewsletterError):
    """This link is not valid."""


class SignInError(NewsletterError):
    """You cannot come in."""


class StoreError(NewsletterError):
    """The database cannot do this now."""

    permanent = False


class ProviderError(NewsletterError):
    """The provider cannot be used."""


def where_it_arose(error: BaseException) -> str:
    """The class of an error and where it arose. Its words stay out: they may hold an address or a token."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    cause = f", from {type(error.__cause__).__name__}" if error.__cause__ else ""
    return f"{type(error).__name__}{cause} at {where}"
