"""A person at a browser, and the look at every page they meet."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page

PASSWORD = "a long exercise password"
# Of rows and cards that are alike the first twelve are looked over: of a list of 200 axe says 200 times the same.
ALIKE = {"exclude": [[f"{rows}:nth-child(n+13)"] for rows in ("tbody > tr", "ul > li", "ol > li")]}


class Reader:
    """One signed-in person in a browser of their own; every page they meet is looked over.

    `looked`: the titles that were looked over already by whoever shares it, each of which is enough once; None: each page every time.
    """

    def __init__(self, context: BrowserContext, address: str, looked: set[str] | None = None) -> None:
        self.page: Page = context.new_page()
        self.address = address
        self.looked = looked
        self.violations: list[str] = []
        self.page.on(
            "console",
            lambda said: (
                self.violations.append(said.text) if "Content Security Policy" in said.text else None
            ),
        )

    def sign_in(self, name: str) -> None:
        """Sign in through the page, as people do."""
        self.page.goto(f"{self.address}/account/login/")
        self.look_over()
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")

    def press(self, button: str) -> None:
        """Press a button that leads to a page, and look that page over."""
        self.click(self.page.get_by_role("button", name=button, exact=True).first)

    def follow(self, link: str) -> None:
        """Follow a link, and look over the page it leads to."""
        self.click(self.page.get_by_role("link", name=link, exact=True))

    def click(self, at: Locator) -> None:
        """Press what leads to a page, and look that page over."""
        with self.page.expect_navigation():
            at.click()
        self.look_over()

    def tab_to(self, words: str) -> None:
        """Move on by Tab until what bears these words, or this id, has the focus."""
        for _ in range(80):
            on = self.page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
            if on == words:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{words} is not reached by Tab")

    def enter(self, words: str, *, look: bool = True) -> None:
        """Move on by Tab to what leads to a page, press Enter there, and look that page over."""
        self.tab_to(words)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        if look:
            self.look_over()

    def said(self) -> str:
        """What the page says about the form just sent."""
        return " ".join(self.page.locator(".usa-alert").all_inner_texts())

    def heading(self) -> str:
        """The page's one h1."""
        return self.page.locator("h1").inner_text()

    def look_over(self) -> None:
        """Check the page for what axe finds, for a broken security policy, and for width on a small phone."""
        assert self.violations == []
        if self.looked is not None:
            shown = f"{self.page.title()}, {self.page.locator('.usa-alert').count()} told"
            if shown in self.looked:
                return
            self.looked.add(shown)
        wide = self.page.viewport_size
        self.page.set_viewport_size({"width": 320, "height": 700})
        overflow = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow == 0, f"{self.page.title()} is {overflow} px too wide for a small phone"
        if wide:
            self.page.set_viewport_size(wide)
        found = Axe().run(self.page, ALIKE)
        assert found.violations_count == 0, found.generate_report()
