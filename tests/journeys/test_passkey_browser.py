"""A governor adds a passkey and signs with it, in a browser that has an authenticator of its own."""

from __future__ import annotations

import pytest
import stories
from browsing import PASSWORD, Reader
from django.conf import settings
from playwright.sync_api import Browser

from muster.access.models import User
from muster.decisions.models import Version
from muster.decisions.signatures import first_bad

pytestmark = pytest.mark.browser
DECISION = "EX-PROCESSING-1-D1"
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip


def test_an_amendment_is_signed_with_a_passkey_and_nothing_is_recorded_where_it_is_not_used(
    browser: Browser, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Authenticators know sites by name, so the pages are asked for at localhost."""
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    stories.demonstration()
    user = User.objects.get(username="governor")
    user.set_password(PASSWORD)
    user.save()
    address = live_url.replace("127.0.0.1", "localhost")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    reader = Reader(context, address)
    page, devices = reader.page, context.new_cdp_session(reader.page)
    devices.send("WebAuthn.enable")
    made = devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    reader.sign_in("governor")
    reader.click(page.locator("header a[href='/account/2fa/']"))
    reader.follow("Add a passkey")
    page.get_by_label("Password").fill(PASSWORD)
    reader.press("Confirm")
    reader.press("Add passkey")
    page.goto(f"{address}/account/2fa/webauthn/")
    reader.look_over()
    page.goto(f"{address}/decisions/{DECISION}/amend/")
    reader.look_over()
    page.get_by_label("People at most at any one moment").fill("3")
    reader.press("Review the amendment")
    assert page.title().startswith("Error: ")
    page.get_by_label("Why it is amended").fill("Three are enough")
    reader.press("Review the amendment")
    assert "At most 3 people at any one moment." in page.locator("main").inner_text()
    reader.press("Sign with passkey as governor")
    assert "Signed by passkey, verified." in page.locator("main").inner_text()
    assert first_bad() is None

    devices.send("WebAuthn.clearCredentials", made)
    page.goto(f"{address}/decisions/{DECISION}/suspend/")
    page.get_by_label("Why").fill("A review of the site")
    reader.press("Suspend decision")
    page.get_by_role("button", name="Sign with passkey as governor").click()
    page.get_by_text("Not signed, and nothing was recorded").wait_for()
    reader.look_over()
    assert page.evaluate("document.activeElement.hasAttribute('data-passkey-failed')")
    assert Version.objects.filter(decision=DECISION, kind="suspended").count() == 0
    page.goto(f"{address}/account/2fa/webauthn/")
    reader.click(page.get_by_role("link", name="Remove"))
    reader.press("Remove passkey")
    assert "You have no passkey" in page.locator("main").inner_text()
    context.close()
