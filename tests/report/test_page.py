"""The page of a report in a real browser: frames, marks, sorted tables, and names with markup."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boostvsod.report.page import Bars, Clip, Page, Pane, write_page
from boostvsod.report.pictures import map_url
from boostvsod.report.tables import Table

EVIL = "<img src=x onerror=alert(1)><script>alert(2)<"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Two clips, a table and bars. All names contain markup."""
    shades = [map_url(np.full((20, 30), i / 5, np.float32)) for i in range(5)]
    frames = [f"{EVIL}{i}" for i in range(5)]
    clips = [
        Clip(f"{EVIL}{k}", frames, [Pane(EVIL, shades), Pane("b", shades[::-1])], (), [1, 3], ["why"] * 5) for k in "ab"
    ]
    table = Table(["name", "S"], [["one", 0.5], ["two", 0.9], [EVIL, -0.1]], EVIL)
    made = Page(EVIL, [(EVIL, EVIL)], [EVIL], clips, [table], [Bars(EVIL, [(EVIL, 0.2), ("b", -0.1)])])
    return write_page(made, tmp_path / "report.html")


def errors(browser: Any) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def shown(browser: Any, clip: int = 0) -> list[str]:
    images = browser.find_elements("css selector", ".clip")[clip].find_elements("css selector", "img")
    return [image.get_attribute("src") for image in images]


@pytest.mark.slow
def test_scrubbing_moves_all_panes(browser: Any, page: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.get(page.as_uri())
    first, other = shown(browser), shown(browser, 1)
    body = browser.find_element("css selector", "body")
    body.send_keys(Keys.ARROW_RIGHT)
    second = shown(browser)
    assert all(a != b for a, b in zip(first, second, strict=True))
    assert shown(browser, 1) == other, "each clip moves separately"
    browser.find_elements("css selector", ".mark")[1].click()
    assert shown(browser)[0] == second[1], "pane b runs backwards: frame 3 of a is frame 1 of b"
    about = browser.find_element("css selector", ".about").text
    assert about == f"{EVIL}3 · learnt from · why"
    body.send_keys(Keys.SPACE)
    assert browser.find_element("css selector", ".scrub button").text == "stop"
    body.send_keys(Keys.SPACE)
    assert not errors(browser)


@pytest.mark.slow
def test_tables_sort(browser: Any, page: Path) -> None:
    browser.get(page.as_uri())

    def column() -> list[str]:
        return [cell.text for cell in browser.find_elements("css selector", "td:nth-child(2)")]

    assert column() == ["0.500", "0.900", "-0.100"]
    head = browser.find_elements("css selector", "th")[1]
    head.click()
    assert column() == ["0.900", "0.500", "-0.100"]
    head.click()
    assert column() == ["-0.100", "0.500", "0.900"]
    assert not errors(browser)


@pytest.mark.slow
def test_markup_in_names_stays_text(browser: Any, page: Path) -> None:
    browser.get(page.as_uri())
    assert browser.title == EVIL
    assert browser.find_element("css selector", "h1").text == EVIL
    assert len(browser.find_elements("css selector", "script")) == 2
    assert not browser.find_elements("css selector", "img[onerror]")
    assert not errors(browser)


@pytest.mark.slow
def test_the_page_fits_a_phone_and_has_a_dark_style(browser: Any, page: Path) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True}
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth <= 390")
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert max(map(int, re.findall(r"\d+", ground)[:3])) < 60
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_page_needs_no_other_file(page: Path) -> None:
    text = page.read_text()
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", text)
    assert "<!--" not in text.replace("<!doctype", ""), "every part of the page is filled"
