"""A page of the site made to stand alone: its links lead to files, what needs a server is gone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape

from lxml import etree, html

from clippings.site.wording import Wording
from clippings.static.addresses import Addresses, Page

_LIVE = "//*[@data-live]"  # of use only where the site runs
_LINKS = ("href", "src", "action")
_NOT_IN_META = re.compile(r"\s*(?:frame-ancestors|report-uri|sandbox)[^;]*;?")
_PARTS = re.compile(r'\n\s*<link rel="(?:prev|next)-archive"[^>]*>|"next_url": "[^"]*", ')
_WORDS = ("articles", "search.none", "search.more", "search.order.relevance", "search.order.newest")


def stand_alone(
    text: str, here: Page, headers: dict[str, str], addresses: Addresses, say: Wording
) -> tuple[str, set[Page]]:
    """The page as its file in the copy holds it, and the pages and files that it leads to.

    `headers` are those of the answer: what they tell the browser, the page then says itself.
    """
    tree = html.document_fromstring(text)
    for part in tree.xpath(_LIVE):
        part.drop_tree()
    found = set(_link(tree, here, addresses, say))
    root = addresses.way_to_root(here)
    _dress(tree.head, headers, root)
    for other in tree.xpath("//link[@hreflang]"):
        if other.get("hreflang") not in addresses.languages:
            other.drop_tree()
    for theme in tree.xpath("//details[.//a[@data-choose-theme]]"):
        theme.set("hidden", "")  # copy.js shows it
        for choice in theme.iter("a"):
            choice.set("href", "#")
    if here.path == "/search":
        _add_search(tree, say, root)
    written = html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>")
    return _absolute(written, here, addresses), found


def plain_file(text: str, here: Page, addresses: Addresses) -> str:
    """A feed, which ends with its newest part, or a description; its addresses are the copy's."""
    return _absolute(_PARTS.sub("", text), here, addresses)


def _link(tree: html.HtmlElement, here: Page, addresses: Addresses, say: Wording) -> Iterator[Page]:
    for element in list(tree.iter(etree.Element)):
        for name in _LINKS:
            address = element.get(name)
            if address is None or element.get("data-choose-theme"):
                continue
            link, page = addresses.link(address, here)
            if page:
                yield page
            if link:
                element.set(name, link)
            elif element.tag in ("a", "form", "link"):
                _unlink(element)
            elif element.tag == "img":
                _note_gone(element, say)


def _unlink(element: html.HtmlElement) -> None:
    """Take out a link that leads nowhere; within a sentence or a table its words stay."""
    parent = element.getparent()
    alone = parent is not None and not (parent.text or "").strip() and len(parent) == 1
    if element.tag != "a" or "ways" in (parent.get("class") or "").split():
        element.drop_tree()
    elif alone and parent.tag == "li":
        parent.drop_tree()
    else:
        element.drop_tag()


def _note_gone(image: html.HtmlElement, say: Wording) -> None:
    """Put in the place of a picture that the archive has not what site.js would put there."""
    said = " · ".join(filter(None, (say("pictures.gone"), image.get("alt"))))
    image.attrib.clear()
    image.tag, image.text = "span", said
    image.set("class", "gone")


def _dress(head: html.HtmlElement, headers: dict[str, str], root: str) -> None:
    """Say in the page what the headers said, and choose the theme before anything is drawn."""
    policy = _NOT_IN_META.sub("", headers["content-security-policy"]).strip(" ;")
    told = (
        {"http-equiv": "Content-Security-Policy", "content": policy},
        {"name": "referrer", "content": headers["referrer-policy"]},
    )
    for place, said in enumerate(told, start=1):  # behind the charset
        head.insert(place, etree.Element("meta", said))
    head.insert(3, etree.Element("script", {"src": f"{root}static/copy.js"}))


def _add_search(tree: html.HtmlElement, say: Wording, root: str) -> None:
    """Give the search page what finds without a server, and the words that it needs for that."""
    words = json.dumps({key: say.strings[key] for key in _WORDS}, ensure_ascii=False)
    form = tree.xpath("//main//form")[0]
    place = etree.Element("div", {"id": "found", "data-root": root, "data-words": words})
    etree.SubElement(place, "p", {"class": "lead"}).text = say("search.needs_script")
    form.addnext(place)
    script = {"type": "module", "src": f"{root}static/copy-search.js"}
    etree.SubElement(tree.body, "script", script)


def _absolute(text: str, here: Page, addresses: Addresses) -> str:
    """The text with the absolute addresses of the site as those of the copy."""
    ours = re.compile(re.escape(addresses.root) + r"[^\s\"'<>\\{}()]*")
    # What is no page of ours stays as it is, still escaped.
    return ours.sub(lambda found: addresses.absolute(unescape(found[0]), here) or found[0], text)
