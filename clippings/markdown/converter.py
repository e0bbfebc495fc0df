"""The converter: a subclass of markdownify's, with a walk of its own over a tree of turbohtml.

markdownify's walk asks every node for its ancestors and siblings and joins text at every level,
which takes five times as long, and it escapes each text before it knows what stands beside it.
Here the walk goes down once. Most elements only put something around their content (`WRAPPED`,
`MARKS`), straight into the text of their container: that stands for `convert_p`, `convert_div`,
`convert_caption`, `convert_b`, `convert_em`, `convert_del`, `convert_kbd`, `convert_sub`,
`convert_q` and their like. A `convert_*` method is called for those that need their whole text,
and for every tag that a subclass has one for. What depends on neighbours waits as a token.
"""

# ruff: noqa: D102, N802 — the names and the meaning of the convert_* methods are markdownify's
from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache, cached_property, partial, partialmethod
from itertools import islice
from typing import Any

from markdownify import MarkdownConverter
from turbohtml import Element, Text

from clippings.markdown import blocks
from clippings.markdown.code import code_language, code_parts, code_syntax, code_text, fenced
from clippings.markdown.elements import (
    DEEPEST,
    FRAMES,
    LEAVES,
    MARKS,
    NESTING,
    NOT_CODE,
    OPTIONS,
    OUR_DEFAULTS,
    WRAPPED,
    chosen,
)
from clippings.markdown.inline import assemble, balance_brackets, escape, finish, one_line, tagged
from clippings.markdown.links import clean_address, link, title_of
from clippings.markdown.media import (
    TRACKER,
    image_address,
    media_kind,
    media_label,
    no_size,
    picture_source,
)
from clippings.markdown.tokens import (
    BREAK,
    CELL,
    CELL_TEXT,
    FINISHED,
    ITEM,
    ITEM_END,
    LINE,
    ROW,
    SYNTAX,
    block,
)
from clippings.markdown.tree import Document
from clippings.models import Image, Link

Parents = frozenset[str]
Append = Callable[[str], None]
_OUTSIDE: Parents = frozenset()
Method = Callable[["Converter", Element, str, Parents], str]

DEEPEST_NESTING = 12
_BESIDE = 8  # how many pictures back the one of a `<noscript>` is looked for
_LONGEST_PLACEHOLDER = 1000  # characters of a `data:` picture that only holds a place

_NOTHING = Element("div")


class Converter(MarkdownConverter):
    """markdownify's converter, for one page.

    `links`, `images`, `features` and `losses` then tell what it met.

    `nesting` is how deep lists and quotes may stand in one another before they are flattened,
    `sample` a text in the language of the article, if not its own. `options` are markdownify's,
    those in `OPTIONS`. Raises TypeError for others: Markdown that says what the page said leaves
    them no choice.
    """

    _root: Element

    def __init__(
        self,
        *,
        base_url: str | None = None,
        nesting: int = DEEPEST_NESTING,
        sample: str = "",
        **options: Any,
    ) -> None:
        self.options = _DEFAULTS  # as super().__init__() would make them for each article
        self._wrapped, self._marks, self._methods = WRAPPED, MARKS, _METHODS
        if options or type(self) is not Converter:
            if unknown := options.keys() - OPTIONS:
                raise TypeError(f"{', '.join(sorted(unknown))}: the converter has no such option")
            super().__init__(**{**OUR_DEFAULTS, **options})
            theirs = {n: getattr(type(self), n) for n in dir(type(self)) if n[:8] == "convert_"}
            own = {n[8:]: m for n, m in theirs.items() if m is not getattr(Converter, n, None)}
            self._wrapped, self._marks, kept = chosen(self.options, own.keys(), _METHODS.keys())
            self._methods = {tag: {**_METHODS, **own}[tag] for tag in kept}
        self.base_url = base_url
        self.nesting = nesting
        self.links: list[Link] = []
        self.images: list[Image] = []
        self.features: set[str] = set()
        self.losses: Counter[str] = Counter()
        self._open_marks = ""
        self._depth = self._level = 0
        self._links_before = self._images_before = 0
        self._sample = sample

    def convert(self, html: str) -> str:
        """HTML as Markdown."""
        return self.process_tag(Document(html).root)

    def convert_soup(self, soup: object) -> str:
        """A tree of another parser as Markdown: its HTML is parsed anew."""
        return self.convert(str(soup))

    def process_tag(self, node: Element, parent_tags: Parents = _OUTSIDE) -> str:
        """A cleaned tree as Markdown."""
        self._root = node
        parts: list[str] = []
        self._walk(node, parts.append, parent_tags)
        return assemble(self._blocks("".join(parts)))

    def _walk(self, node: Element, append: Append, parents: Parents) -> None:
        """Give the text of a node and of all that is in it to `append`."""
        self._level += 1
        if self._level > DEEPEST:
            append(f"{BREAK}{escape(node.text)}{BREAK}")
            self.losses["nesting-flattened"] += 1
            node = _NOTHING
        wrapped, marks, methods = self._wrapped, self._marks, self._methods
        for child in node:
            if type(child) is Text:
                append(escape(child.data))
            elif type(child) is Element:
                tag = child.tag
                if around := wrapped.get(tag):
                    append(around[0])
                    self._walk(child, append, parents)
                    append(around[1])
                elif mark := marks.get(tag):
                    append(SYNTAX + mark)
                    self._open_marks += mark
                    self._walk(child, append, parents)
                    self._open_marks = self._open_marks[:-1]
                    append(SYNTAX + mark.lower())
                elif method := methods.get(tag):
                    if tag in LEAVES:
                        append(method(self, child, "", parents))
                    else:
                        append(self._converted(child, tag, method, parents))
                else:
                    self._walk(child, append, parents)
        self._level -= 1

    def _converted(self, el: Element, tag: str, method: Method, parents: Parents) -> str:
        inside = parents | {tag}
        if tag == "table" and blocks.is_layout(el):
            inside = parents
            self.losses["table-unwrapped"] += blocks.is_grid(el)
        before = len(self.links), len(self.images)
        parts: list[str] = []
        self._depth += tag in NESTING
        self._walk(el, parts.append, inside)
        self._depth -= tag in NESTING
        self._links_before, self._images_before = before
        text = "".join(parts)
        if tag in FRAMES and ("table" in parents or self._too_deep()):
            return f"{BREAK}{text}{BREAK}"
        return method(self, el, text, parents)

    def _blocks(self, text: str, *, starts_line: bool = True) -> list[str]:
        """The finished blocks of a container, items and cells without a list or table included."""
        if ITEM in text:
            text = blocks.with_stray_items(text, lambda run: self._list(None, run, _OUTSIDE))
        return finish(text, self._open_marks, starts_line=starts_line)

    def _too_deep(self) -> bool:
        """Whether a list or quote that ends here stands too deep in others, which is noted."""
        if self._depth < self.nesting:
            return False
        self.losses["nesting-flattened"] += 1
        return True

    def convert_hN(self, n: int, el: Element, text: str, parent_tags: Parents) -> str:
        parts = finish(text, self._open_marks, starts_line=False)
        title = " ".join(b for b in parts if b[0] not in FINISHED).replace("  \n", " ")
        if len(self.images) > self._images_before and not blocks.visible_text(el):
            return f"{BREAK}{text}{BREAK}"  # only a picture
        rest = [b for b in parts if b[0] in FINISHED]
        style = self.options["heading_style"].lower()
        in_table = "table" in parent_tags
        written = f"<h{n}>{title}</h{n}>" if in_table else blocks.heading(n, title, style)
        return (block(written) if title else "") + BREAK.join(["", *rest, ""])

    def convert_blockquote(self, el: Element, text: str, parent_tags: Parents) -> str:
        return block(blocks.quotation(assemble(self._blocks(text))))

    def convert_li(self, el: Element, text: str, parent_tags: Parents) -> str:
        if "table" in parent_tags:
            return f"{ITEM}{one_line(self._blocks(text))}{ITEM_END}"
        if self._depth > self.nesting:
            return f"{BREAK}{text}{BREAK}"
        return f"{ITEM}{assemble(self._blocks(text), tight=True)}{ITEM_END}"

    def _list(self, el: Element | None, text: str, parent_tags: Parents) -> str:
        if self._too_deep():
            return f"{BREAK}{text}{BREAK}"
        ordered = el if el is not None and el.tag == "ol" else None
        bullets = self.options["bullets"]
        bullet = bullets[self._depth % len(bullets)]
        return blocks.list_block(
            text, ordered, self._open_marks, bullet=bullet, in_table="table" in parent_tags
        )

    convert_ul = convert_ol = convert_menu = convert_dir = _list

    def convert_hr(self, el: Element, text: str, parent_tags: Parents) -> str:
        return block("---")

    def convert_pre(self, el: Element, text: str, parent_tags: Parents) -> str:
        """Code as it stands; its pictures come after it, and of its links the text is left."""
        pictures = "".join(
            self.convert_img(image, "", parent_tags) for image in el.iter_elements("img")
        )
        self.losses["link-dropped"] += sum(1 for link in el.iter_elements("a") if link.attr("href"))
        code = code_text(el).strip("\n").rstrip()
        if not code:
            return f"{BREAK}{pictures}{BREAK}"
        self.features.add("code")
        callback = self.options["code_language_callback"]
        language = code_language(el) or (callback and callback(el)) or self.options["code_language"]
        return block(fenced(code, language)) + pictures + BREAK

    def convert_figure(self, el: Element, text: str, parent_tags: Parents) -> str:
        if (caption := el.find("figcaption")) is not None:
            words = blocks.visible_text(caption)
            for place in range(self._images_before, len(self.images)):
                if not self.images[place].caption:  # else it stands in a figure in this one
                    self.images[place] = self.images[place]._replace(caption=words)
        return f"{BREAK}{text}{BREAK}"

    def convert_dl(self, el: Element, text: str, parent_tags: Parents) -> str:
        return block(blocks.definition_list(self._blocks(text)))

    def _convert_part(self, el: Element, text: str, parent_tags: Parents, whole: str) -> str:
        if "table" in parent_tags or whole not in parent_tags:
            return f"{BREAK}{text}{BREAK}"
        return block(tagged(str(el.tag), assemble(self._blocks(text))))

    convert_dd = convert_dt = partialmethod(_convert_part, whole="dl")
    convert_summary = partialmethod(_convert_part, whole="details")

    def convert_details(self, el: Element, text: str, parent_tags: Parents) -> str:
        inside = assemble(self._blocks(text))
        gap = "" if inside.startswith("<summary>") else "\n"  # else it would be HTML
        return block(f"<details>\n{gap}{inside}\n\n</details>")

    def convert_td(self, el: Element, text: str, parent_tags: Parents) -> str:
        if "table" not in parent_tags:
            return f"{BREAK}{text}{BREAK}"
        spans = f"{blocks.span(el, 'colspan')},{blocks.span(el, 'rowspan')}"
        if spans != "1,1":
            self.losses["table-flattened"] += 1
        return f"{CELL}{spans}{CELL_TEXT}{text}"

    convert_th = convert_td

    def convert_tr(self, el: Element, text: str, parent_tags: Parents) -> str:
        return f"{ROW}{text}" if "table" in parent_tags else f"{BREAK}{text}{BREAK}"

    def convert_table(self, el: Element, text: str, parent_tags: Parents) -> str:
        if CELL not in text:
            return f"{BREAK}{text.replace(ROW, BREAK)}{BREAK}"
        self.features.add("table")
        before, rows = blocks.rows_of(text)
        finished = [
            [one_line(self._blocks(cell, starts_line=False)) for cell in row] for row in rows
        ]
        return f"{BREAK}{before}{block(blocks.pipe_table(finished))}"

    def convert_br(self, el: Element, text: str, parent_tags: Parents) -> str:
        return LINE

    def convert_a(self, el: Element, text: str, parent_tags: Parents) -> str:
        href = el.attr("href") or ""
        address = clean_address(href, self.base_url)
        words = blocks.visible_text(el, " " if BREAK in text else "")
        if not words:
            words = " ".join(image.alt for image in self.images[self._images_before :])
        title = title_of(el, words)
        if self.options["default_title"] and not title:
            title = f' "{address}"'
        shown = words if self.options["autolinks"] else ""
        linked = link(text, address, title, shown) if address else text
        if "a" in parent_tags:
            linked = text  # no link stands in another; the outer one has its text
        if linked != text:
            self.links.insert(self._links_before, Link(address, words))
        elif href.strip():
            self.losses["link-dropped"] += bool(words) or not address
        return linked

    def convert_img(self, el: Element, text: str, parent_tags: Parents) -> str:
        found = self._image_address(el)
        alt = " ".join((el.attr("alt") or "").split())
        if no_size(el) or TRACKER.match(found):
            return ""
        if not (address := clean_address(found, self.base_url)):
            self.losses["image-dropped"] += len(found) > _LONGEST_PLACEHOLDER
            return escape(alt)
        self.features.add("image")
        self.images.append(Image(address, alt, ""))
        shown = alt and balance_brackets(escape(alt))
        return f"{SYNTAX}!{shown}{SYNTAX}({address}{title_of(el, alt)}{SYNTAX})"

    @cached_property
    def _image_address(self) -> Callable[[Element], str]:
        sources = (image.attr("src") or "" for image in self._root.iter_elements("img"))
        shown = Counter(sources)
        return partial(image_address, times=shown.__getitem__, source_of=cache(picture_source))

    def convert_code(self, el: Element, text: str, parent_tags: Parents) -> str:
        if next(el.iter_elements(NOT_CODE), None) is None:
            return code_syntax(el.text)

        def converted(inside: Element) -> str:
            if inside.tag == "img":
                return self.convert_img(inside, "", parent_tags)
            self._links_before = len(self.links)
            return self.convert_a(inside, code_syntax(inside.text), parent_tags)

        return "".join(code_parts(el, converted))

    convert_tt = convert_samp = convert_code

    def convert_tex(self, el: Element, text: str, parent_tags: Parents) -> str:
        if el.attr("display"):
            return f"{BREAK}{escape(f'$${el.text}$$')}{BREAK}"
        return escape(f"${el.text}$")

    def convert_input(self, el: Element, text: str, parent_tags: Parents) -> str:
        is_box = (el.attr("type") or "").lower() == "checkbox" and "li" in parent_tags
        return blocks.check_box(el) if is_box else ""

    def convert_noscript(self, el: Element, text: str, parent_tags: Parents) -> str:
        """What stands in for a script; a picture that the lazy loader's tag before or behind it
        gives goes."""
        before = self._images_before
        seen = {image.url for image in self.images[max(0, before - _BESIDE) : before]}
        if isinstance(after := el.next_sibling, Element) and after.tag == "img":
            seen.add(clean_address(self._image_address(after), self.base_url))
        added = self.images[before:]
        if added and seen.issuperset(image.url for image in added):
            del self.images[before:]
            return escape(el.text)
        return text

    def convert_iframe(self, el: Element, text: str, parent_tags: Parents) -> str:
        address = clean_address(el.attr("src") or "", self.base_url)
        if not address and el.attr("poster"):
            return self.convert_img(Element("img", {"src": el.attr("poster")}), "", parent_tags)
        if not address or no_size(el):
            self.losses["embed-dropped"] += not address
            return text
        kind = media_kind(el, address)
        self.features.update({kind} & {"video", "audio"})
        if not self._sample:
            self._sample = "".join(islice(self._root.strings, 40))[:200]
        label = media_label(kind, el.attr("title") or "", address, self._sample)
        if "a" in parent_tags:
            return escape(label)
        self.links.append(Link(address, label))
        return block(*finish(link(escape(label), address, "", label), starts_line=False))

    convert_video = convert_audio = convert_object = convert_embed = convert_iframe


# markdownify's rule: a tag is converted by the method that bears its name.
_METHODS: dict[str, Method] = {
    **{f"h{n}": lambda self, *given, n=n: self.convert_hN(n, *given) for n in range(1, 7)},
    **{
        name.removeprefix("convert_"): getattr(Converter, name)
        for name in vars(Converter)
        if name.startswith("convert_")
    },
}
_DEFAULTS: dict[str, Any] = vars(MarkdownConverter(**OUR_DEFAULTS))["options"]
