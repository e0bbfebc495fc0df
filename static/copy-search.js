// The search page of a static copy: finds by the index, and shows of each article what its own page
// says. What an article says comes into this page as text, never as HTML.
import { Index } from "./copy-index.js";
import { language } from "./copy-words.js";

const SIZE = 10; // results shown at once: each is a page that is fetched
const RANKED = 1500; // relevance is judged among so many at most
const LENGTH = 120; // characters of a passage

const place = document.getElementById("found");
const words = JSON.parse(place.dataset.words);
const asked = new URLSearchParams(location.search);
const query = (asked.get("q") || "").trim();

const made = (tag, options = {}, ...inside) => {
  const element = Object.assign(document.createElement(tag), options);
  element.append(...inside);
  return element;
};
const counted = (n) => (words.articles[n === 1 ? "one" : "other"] || words.articles).replace("{n}", n.toLocaleString("en"));

const folder = new URL(`${place.dataset.root}words/`, location.href);
const ready = fetch(new URL("index.json", folder)).then((answer) => answer.json())
  .then((about) => ({ index: new Index(folder, about), tongue: language(about) }));

const among = (wanted) => {
  const set = new Set(wanted);
  return (docid) => set.has(docid);
};
const without = (one, other) => {
  const isOther = among(other);
  return one.filter((docid) => !isOther(docid));
};
const every = (lists) => lists.reduce((one, other) => one.filter(among(other)));
const some = (lists) => [...new Set(lists.flat())];

// The docids of what a query finds, and what the order by relevance is judged by.
const matching = async (groups, { index, tongue }) => {
  const phrases = [];
  const all = async (list, isJudged) => every(await Promise.all(list.map(async (phrase) => {
    const found = await index.phrase(phrase);
    if (isJudged) phrases.push(found);
    return [...found.keys()];
  })));
  const everything = () => all([tongue.everything], false);
  const anyOf = async (item) => some(await Promise.all(item.any.map((list) => all(list, !item.not))));
  const isNot = (group) => group.length === 1 && group[0].not;
  const met = async (item) => (item.not ? without(await everything(), await anyOf(item)) : anyOf(item));
  const wanted = await Promise.all(groups.filter((group) => !isNot(group)).map(async (group) => some(await Promise.all(group.map(met)))));
  const excluded = await Promise.all(groups.filter(isNot).map(([item]) => anyOf(item)));
  const found = wanted.length ? every(wanted) : await everything();
  return { docids: excluded.reduce(without, found).sort((one, other) => other - one), phrases };
};

// The docids of the articles that a query finds, the newest or the best first: relevance is judged
// among the newest of them, as on the site.
export const find = async (text, order) => {
  const about = await ready;
  const groups = about.tongue.parse(text);
  if (!groups.length) return [];
  const { docids, phrases } = await matching(groups, about);
  if (order === "newest") return docids;
  const scores = await about.index.scores(docids.slice(0, RANKED), phrases);
  return [...scores.keys()].sort((one, other) => scores.get(other) - scores.get(one) || other - one);
};
export const articles = async () => (await ready).index.articles();

// Where the terms stand in a text: [from, to] of each, as the reader sees it.
const matchesIn = (text, terms, { fold }) => {
  const origin = [];
  let folded = "";
  for (let at = 0; at < text.length;) {
    const letter = String.fromCodePoint(text.codePointAt(at));
    const piece = fold(letter);
    for (let n = 0; n < piece.length; n++) origin.push(at);
    folded += piece;
    at += letter.length;
  }
  origin.push(text.length);
  const patterns = terms.map((term) => fold(term).split(/\s+/u).filter(Boolean)
    .map((word) => word.replace(/[+*?.()|[\]{}^$\\]/g, "\\$&")).join("\\s*")).filter(Boolean);
  if (!patterns.length) return [];
  const pattern = patterns.map((each) => (/^[a-z0-9]/.test(each) ? "(?<![a-z0-9])" : "") + each).join("|");
  return [...folded.matchAll(new RegExp(pattern, "gu"))].slice(0, 200)
    .map((match) => [origin[match.index], origin[match.index + match[0].length]]);
};

const marked = (text, terms, tongue, from = 0, to = text.length) => {
  const parts = [];
  let at = from;
  for (const [start, end] of matchesIn(text, terms, tongue)) {
    if (start < at || end > to) continue;
    parts.push(text.slice(at, start), made("mark", {}, text.slice(start, end)));
    at = end;
  }
  return [from > 0 ? "…" : "", ...parts, text.slice(at, to), to < text.length ? "…" : ""];
};

const passage = (text, terms, tongue) => {
  const [first] = matchesIn(text, terms, tongue);
  const from = Math.max(0, (first?.[0] ?? 0) - LENGTH / 4);
  return marked(text, terms, tongue, from, Math.min(text.length, from + LENGTH));
};

const card = async (docid, terms, tongue) => {
  const { id } = (await articles()).get(docid);
  const address = `clippings/articles/${id}.html`;
  const page = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html");
  const lang = page.querySelector("main > article").lang;
  const text = page.querySelector(".prose").textContent.replace(/\s+/gu, " ").trim();
  const title = page.querySelector("h1").textContent;
  // Addresses on the article's page are relative to it.
  const links = [...page.querySelectorAll(".kicker a[href*='source/'], .article-head .byline a[href*='day/']")]
    .map((link) => made("a", { href: new URL(link.getAttribute("href"), new URL(address, location.href)).href }, link.textContent));
  return made("article", { className: "card plain" }, made("div", {},
    made("h2", { className: "card-title", lang }, made("a", { href: address }, ...marked(title, terms, tongue))),
    made("p", { className: "summary", lang }, ...passage(text, terms, tongue)),
    made("p", { className: "byline" }, ...links.flatMap((link) => [link, " "]))));
};

const orders = (order) => made("span", { className: "orders" }, ...["relevance", "newest"].map((name) => {
  const link = made("a", { href: `?${new URLSearchParams({ q: query, sort: name })}` }, words[`search.order.${name}`]);
  if (name === order) link.setAttribute("aria-current", "true");
  return link;
}));

const show = async () => {
  document.querySelectorAll("input[name=q]").forEach((box) => { box.value = query; });
  document.querySelectorAll(".choice a[hreflang]").forEach((link) => { link.search = location.search; });
  if (!query) return place.replaceChildren();
  document.title = `${query} · ${document.title}`;
  const { tongue } = await ready;
  const terms = tongue.parse(query).flat().filter((item) => !item.not).flatMap((item) => item.terms);
  const newest = await find(query, "newest");
  const order = terms.length && asked.get("sort") !== "newest" ? "relevance" : "newest"; // filters alone are not relevant
  const results = order === "newest" ? newest : await find(query, order);
  const status = made("p", { className: "found", role: "status" }, newest.length ? counted(newest.length) : words["search.none"]);
  if (newest.length && terms.length) status.append(" ", orders(order));
  const rows = made("div", { className: "rows" });
  const more = made("button", { type: "button" }, words["search.more"]);
  more.addEventListener("click", async () => {
    const shown = rows.children.length;
    rows.append(...await Promise.all(results.slice(shown, shown + SIZE).map((each) => card(each, terms, tongue))));
    more.hidden = rows.children.length >= results.length;
  });
  place.replaceChildren(status, rows);
  if (results.length > SIZE) place.append(made("p", { className: "turn" }, more));
  if (newest.length) document.querySelector("section.panel")?.remove();
  more.click();
};

show();
