"""The page in headless Chromium, where that is installed: what JavaScript adds, and how it fits a phone."""

import pathlib
import shutil

import pytest

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="chromium and chromedriver are not installed")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
         "--disable-sync")


@pytest.fixture(scope="module")
def browser(page):
    from selenium import webdriver
    from selenium.webdriver.chrome import service
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=service.Service(DRIVER))
    driver.get(pathlib.Path(page).as_uri())
    yield driver
    driver.quit()


def run(browser, script):
    return browser.execute_script(script)


def test_the_page_opens_without_errors(browser):
    assert browser.title == "Sanity checks for saliency maps"
    assert [line for line in browser.get_log("browser") if line["level"] in ("SEVERE", "WARNING")] == []


def place_of_the_maps(browser):
    """How far the first strip's picture is shifted in its window, in pixels, and the stage that is named."""
    return run(browser, """
        const strip = document.querySelector('.specimen .strip');
        const image = [...strip.querySelectorAll('.sprite')].find((one) => one.getClientRects().length);
        const frame = strip.querySelector('.window');
        const left = frame.getBoundingClientRect().left + frame.clientLeft;
        return [left - image.getBoundingClientRect().left, frame.clientWidth,
                document.querySelector('.specimen output strong').textContent, image.alt];""")


def test_arrow_keys_step_through_the_stages(browser):
    from selenium.webdriver.common import keys
    slider = browser.find_element("css selector", ".specimen input[type=range]")
    slider.send_keys(keys.Keys.HOME)
    shift, width, stage, _ = place_of_the_maps(browser)
    assert stage == "original" and abs(shift) < 1
    slider.send_keys(keys.Keys.ARROW_RIGHT, keys.Keys.ARROW_RIGHT)
    shift, _, stage, text = place_of_the_maps(browser)
    assert stage == "hidden2" and "at hidden2: abs. rank" in text
    assert abs(shift - 2 * width) < 2


def test_moving_the_slider_moves_the_maps(browser):
    run(browser, """const slider = document.querySelector('.specimen input[type=range]');
        slider.value = 3; slider.dispatchEvent(new Event('input'));""")
    shift, width, stage, _ = place_of_the_maps(browser)
    assert stage == "hidden1" and abs(shift - 3 * width) < 3
    shown = run(browser, "return [...document.querySelectorAll('.specimen .strip .values li.now .stage')]"
                         ".map((one) => one.textContent)")
    assert set(shown[:3]) == {"hidden1"}


def test_signed_maps_can_be_chosen(browser):
    visible = """return [...document.querySelectorAll('.strip .sprite')]
        .filter((one) => one.getClientRects().length).map((one) => one.classList[1])"""
    assert set(run(browser, visible)) == {"grey"}
    run(browser, "document.querySelector('.modes input[value=diverging]').click()")
    assert set(run(browser, visible)) == {"diverging"}
    run(browser, "document.querySelector('.modes input[value=grey]').click()")


def column(browser):
    rows = "document.querySelectorAll('#table-1 tbody tr')"
    return run(browser, f"return [...{rows}].map((row) => row.cells[1].textContent)")


def test_a_click_on_a_column_head_sorts(browser):
    click = "document.querySelectorAll('#table-1 thead button')[1].click()"
    assert [float(text) for text in column(browser)] == [2.5, 1.5]
    run(browser, click)
    assert [float(text) for text in column(browser)] == [1.5, 2.5]
    run(browser, click)
    assert [float(text) for text in column(browser)] == [2.5, 1.5]
    direction = run(browser, "return document.querySelectorAll('#table-1 th')[1].getAttribute('aria-sort')")
    assert direction == "descending"


def test_every_control_is_reached_with_the_keyboard_and_has_a_name(browser):
    nameless = run(browser, """
        const named = (one) => one.textContent.trim() || one.ariaLabel || (one.labels && one.labels.length);
        return [...document.querySelectorAll('button, select, input, summary, a')]
            .filter((one) => one.tabIndex < 0 || !named(one)).map((one) => one.outerHTML)""")
    assert nameless == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_does_not_scroll_sideways(browser, width):
    # Chromium's own window is never narrower than 500 pixels, so the device is emulated.
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500})
    run(browser, "document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert run(browser, "return document.documentElement.scrollWidth") <= width


def test_a_verdict_is_one_click_from_its_curve_and_its_maps(browser):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False})
    for place in ("figure-20", "maps-1-1-2", "card-mlp_mnist_cascading_gradient"):
        run(browser, "document.querySelectorAll('details').forEach((one) => { one.open = false })")
        run(browser, f"document.querySelector('main a[href=\"#{place}\"]').click()")
        top, height = run(browser, f"""const box = document.getElementById('{place}').getBoundingClientRect();
            return [box.top, box.height];""")
        assert height > 0 and 0 <= top < 800 and (top > 90 or not place.startswith("maps")), place     # below what sticks to the top
        assert run(browser, "return location.hash") == f"#{place}"
