"""The subscribe form for another site: plain HTML, to be pasted into a page."""

from __future__ import annotations

from html import escape

from newsletter.app.container import App
from newsletter.audience.consent import FORM_TEXT

_FORM = """\
<form method="post" action="{action}">
  <h2>Get {name} by mail</h2>
  <label for="newsletter-email">Your e-mail address</label>
  <input id="newsletter-email" name="email" type="email" autocomplete="email" required maxlength="254">
  <div hidden>
    <label for="newsletter-homepage">Leave this empty</label>
    <input id="newsletter-homepage" name="homepage" tabindex="-1" autocomplete="off">
  </div>
  <button>Subscribe</button>
  <p>{text}</p>
</form>
"""


def form_elsewhere(app: App) -> str:
    """The form, without script and style. The site that holds it must be one of `web.form_origins`."""
    settings = app.settings
    return _FORM.format(
        action=escape(f"{settings.site_url}/subscribe"), name=escape(settings.name), text=escape(FORM_TEXT)
    )
