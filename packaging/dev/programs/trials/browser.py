"""A browser, headless Chromium, logs in at Glewlwyd's own page: the authorization code grant."""

import json
import socket
from collections.abc import Callable

from glewlwyd import SCOPES, Glewlwyd
from lab import Lab
from processes import check, free_port, wait_for
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By


def run(lab: Lab) -> None:
    redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
    glewlwyd = Glewlwyd(lab, redirect_uris=(redirect_uri,))
    write_account(lab, glewlwyd.issuer, redirect_uri)
    login = lab.start(lab.program("authagent"), "login", "work", "--code", "--json")
    prompt = json.loads(wait_for("the prompt", lambda: login.first_match(r'^(\{.*"authorization_uri".*\})\n')))
    lab.say(f"   {prompt}")
    check(prompt["grant"] == "code", f"this is another grant: {prompt}")
    check(prompt["redirect_uri"] == redirect_uri, f"this is another redirect URI: {prompt}")
    browser = start_browser(lab)

    lab.step("the address that a person can type leads to the page of the provider")
    browser.get(prompt["short_uri"])
    wait_for("the page of the provider", lambda: browser.current_url.startswith(glewlwyd.base.removesuffix("/api")))
    lab.say(f"   {browser.current_url}")

    lab.step("the person logs in, and consents")
    type_into(browser, "#username", "admin")
    type_into(browser, "#password", "password")
    press(browser, "OK")
    act_on(browser, "#grant-g_profile", lambda box: None if box.is_selected() else box.click())
    press(browser, "Grant access")
    press(browser, "Continue")

    lab.step("the browser ends at the agent's page, which says what to do, without a script, query or code")
    site = redirect_uri.removesuffix("callback")
    wait_for("the page of the agent", lambda: browser.current_url.startswith(site) and "?" not in browser.current_url)
    text = browser.find_element(By.TAG_NAME, "body").text
    lab.say(f"   {browser.current_url}: {text!r}")
    check("may be closed" in text, "the page does not say that the tab may be closed")
    check("code=" not in browser.page_source and "<script" not in browser.page_source, browser.page_source)
    check(not browser.find_elements(By.CSS_SELECTOR, "form, a, img, link, iframe"), browser.page_source)

    check(not any("code=" in address for address in history(browser)), f"the code is kept: {history(browser)}")

    lab.step("the login is complete, and its port is closed")
    check(login.process.wait(60) == 0, f"the login failed:\n{login.output()}")
    lab.token()
    status = json.loads(lab.succeed("authagent", "status", "work", "--json", shows=False).output)
    check(set(status["accounts"][0]["scope"].split()) == set(SCOPES), f"not what the person granted: {status}")
    with socket.socket() as probe:
        port = int(redirect_uri.split(":")[2].split("/")[0])
        check(probe.connect_ex(("127.0.0.1", port)) != 0, "the agent still listens for the browser")


def write_account(lab: Lab, issuer: str, redirect_uri: str) -> None:
    directory = lab.home / "config/authagent/accounts"
    directory.mkdir(0o700, parents=True, exist_ok=True)
    keys = {"issuer": issuer, "client_id": "app", "scopes": list(SCOPES), "redirect_uri": redirect_uri,
            "store": "memory"}
    file = directory / "work.toml"
    # JSON's text and lists are TOML's, too.
    file.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items()))
    file.chmod(0o600)
    (lab.home / "config/authagent").chmod(0o700)
    lab.authagent("reload", shows=False)


def start_browser(lab: Lab) -> webdriver.Chrome:
    options = webdriver.chrome.options.Options()
    options.binary_location = "/usr/bin/chromium"
    # As root, Chromium has no sandbox; there is loopback only.
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 f"--user-data-dir={lab.home / 'chromium'}"):
        options.add_argument(word)
    service = webdriver.chrome.service.Service("/usr/bin/chromedriver", env=lab.environment)
    browser = webdriver.Chrome(service=service, options=options)
    lab.on_exit(browser.quit)
    return browser


def type_into(browser: webdriver.Chrome, selector: str, text: str) -> None:
    act_on(browser, selector, lambda element: element.send_keys(text))


def press(browser: webdriver.Chrome, label: str) -> None:
    act_on(browser, "button", lambda element: element.click(), label)


def act_on(browser: webdriver.Chrome, selector: str, act: Callable, label: str | None = None) -> None:
    """Acts on an element that a person sees, as soon as the page's script has made it."""
    def is_done() -> bool:
        try:
            for element in browser.find_elements(By.CSS_SELECTOR, selector):
                if element.is_displayed() and label in (None, element.text):
                    act(element)
                    return True
        except StaleElementReferenceException:
            pass  # The script has replaced it meanwhile.
        return False

    wait_for(f"'{label or selector}' in the page", is_done)


def history(browser: webdriver.Chrome) -> list[str]:
    entries = browser.execute_cdp_cmd("Page.getNavigationHistory", {})["entries"]
    return [entry["url"] for entry in entries]
