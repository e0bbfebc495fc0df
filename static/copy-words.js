// What a reader types, for the index of a static copy: clippings/search/query.py, tokens.py and
// folding.py once more. Kept to the same results by tests/test_static.py.

const QUOTES = "\"＂“”„‟";
const WORDS = ["body", "title", "summary", "author"];
const FIELDS = { title: "title", author: "author", source: "source", section: "section", feed: "feed", tag: "tags" };
const NAMES = ["source", "section", "feed", "tags"];
const EVERYTHING = { words: ["all"], columns: ["facts"] };
const ITEM = new RegExp(
  `([-－](?=\\S))?(?:(${[...Object.keys(FIELDS), "date", "has", "lang"].join("|")})[:：]\\s*(?=[^\\s/]))?` +
  `(?:[${QUOTES}]([^${QUOTES}]*)(?:[${QUOTES}]|$)|([^\\s${QUOTES}]+))`, "giu");
const CLAUSE = /(?:[，。、；：！？…—～;!?(){}<>（）【】《》〈〉「」『』[\]|]|,(?![0-9]))+/u;
const COMBINING = /[\u0300-\u036f\u1100-\u11ff\u3099\u309a\uff9e\uff9f]/u;
const DROPPED = /[\p{Cf}\p{Me}\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u0652\u0670\u180b-\u180d\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
const DATE = /^([0-9]{4})(?:[-/.年]?([0-9]{1,2})(?:[-/.月]?([0-9]{1,2})日?)?)?[年月]?$/u;
const RANGE = /^([<>]=?)?(.*?)(?:(\.\.\.?|。。)(.*))?$/su;
const [FIRST, LAST] = ["00000101", "99991231"];
const FEATURES = ["image", "video", "audio", "table", "code"];

// Of words/index.json: the class of CJK characters, and what letters fold to.
export const language = ({ cjk, folded }) => {
  const seam = new RegExp(` (?:(?<=[${cjk}] )(?=[^\\s${cjk}])|(?<=[^\\s${cjk}] )(?=[%${cjk}]))`, "gu");
  const runs = new RegExp(`[${cjk}]+|[0-9]+|[+#]+|%|[^${cjk}0-9+#%]+`, "gu");
  const isCjk = new RegExp(`^[${cjk}]`, "u");
  const isSpelt = new RegExp(`^[^${cjk}+#%]+$`, "u");
  const isLone = new RegExp(`^[${cjk}]$`, "u");

  const foldLetter = (letter) => {
    if (Object.hasOwn(folded, letter)) return folded[letter];
    if (DROPPED.test(letter)) return "";
    if (/[\p{L}\p{M}\p{N}+#%]/u.test(letter)) return letter;
    return /[\p{Zs}\t]/u.test(letter) ? " " : "\n";
  };
  const fold = (text) => Array.from(COMBINING.test(text) ? text.normalize("NFKC") : text, foldLetter).join("");

  const tokensOf = (span) => {
    const pieces = span.match(runs) || [];
    if (pieces.length && "+#%".includes(pieces[0][0])) pieces.shift();
    const last = pieces.length - 1;
    return pieces.flatMap((run, index) => {
      if (!isCjk.test(run)) return [run];
      const letters = Array.from(run);
      const pairs = letters.slice(1).map((letter, place) => letters[place] + letter);
      return [
        ...(index ? [`${letters[0]}b`] : []),
        ...(letters.length === 1 && !last ? [run] : pairs),
        ...(index < last ? [`${letters.at(-1)}a`] : []),
      ];
    });
  };
  const tokens = (text) => fold(text).replace(seam, "").split(/\s+/u).filter(Boolean).flatMap(tokensOf);

  // A text as phrases that all must be there: {words, columns, star}. A character that stands alone
  // at an end may be part of any pair, so it is looked for by itself.
  const phrases = (text, columns) => {
    const words = tokens(text).slice(0, 256);
    const alone = [];
    while (words.length > 1 && isLone.test(words[0])) alone.push(words.shift());
    while (words.length > 1 && isLone.test(words.at(-1))) alone.push(words.pop());
    if (!words.length) return [];
    const star = /[*＊]$/u.test(text) && isSpelt.test(words.at(-1));
    return [...alone.slice(0, 32).map((word) => ({ words: [word], columns })), { words, columns, star }];
  };

  const itemOf = (field, value, isQuoted) => {
    const column = FIELDS[field];
    if (column) {
      const found = phrases(value, [column]);
      const whole = [{ words: ["|", ...tokens(value), "|"], columns: [column] }];
      const any = found.length && isQuoted && NAMES.includes(column) ? whole : found;
      return { any: any.length ? [any] : [], terms: NAMES.includes(column) ? [] : [value] };
    }
    const facts = field ? FACTS[field](value) : [];
    if (facts.length) return { any: facts.map((fact) => [{ words: [fact], columns: ["facts"] }]), terms: [] };
    const words = field ? `${field} ${value}` : value;
    const pieces = (isQuoted ? [words] : [...new Set(words.split(CLAUSE))].slice(0, 32)).filter((piece) => tokens(piece).length);
    const all = pieces.flatMap((piece) => phrases(piece, WORDS));
    return { any: all.length ? [all] : [], terms: pieces };
  };

  // A query as groups that all must be met, each a list of items of which one must be: {any, not,
  // terms}; `any` are lists of phrases, `terms` what is marked in a text.
  const parse = (text) => {
    const groups = [];
    let operators = new Set();
    const parts = [...text.slice(0, 2000).matchAll(ITEM)];
    for (const [at, [whole, minus, named, quoted, plain]] of parts.entries()) {
      if (["AND", "OR", "NOT"].includes(whole) && at < parts.length - 1 && (groups.length || whole === "NOT")) {
        operators.add(whole);
        continue;
      }
      if (groups.flat().length >= 32) break;
      const item = itemOf(named?.toLowerCase(), quoted ?? plain, quoted !== undefined);
      item.not = Boolean(minus) || operators.has("NOT");
      if (operators.has("OR")) groups.at(-1).push(item);
      else groups.push([item]);
      operators = new Set();
    }
    return groups.map((group) => group.filter((item) => item.any.length)).filter((group) => group.length);
  };
  return { fold, parse, everything: EVERYTHING };
};

const span = (value) => {
  const found = DATE.exec(value);
  if (!found) return value ? null : [FIRST, LAST];
  const [year, month, day] = [found[1], found[2]?.padStart(2, "0"), found[3]?.padStart(2, "0")];
  const real = new Date(Date.UTC(year, (month || 1) - 1, day || 1));
  if (real.getUTCMonth() + 1 !== Number(month || 1) || real.getUTCDate() !== Number(day || 1)) return null;
  const prefix = year + (month || "") + (day || "");
  return [prefix + FIRST.slice(prefix.length), prefix + LAST.slice(prefix.length)];
};

// The fewest years, months and days, as prefixes of dates, that make up a range.
const cover = (low, high, prefix = "") => {
  const [first, last] = [prefix + FIRST.slice(prefix.length), prefix + LAST.slice(prefix.length)];
  if (low <= first && last <= high) return [prefix];
  if (last < low || high < first) return [];
  const steps = prefix.length < 4 ? 10 : prefix.length === 4 ? 12 : 31;
  return Array.from({ length: steps }, (_, at) => prefix.length < 4 ? `${at}` : `${at + 1}`.padStart(2, "0"))
    .flatMap((step) => cover(low, high, prefix + step));
};

const dates = (text) => {
  const value = text.normalize("NFKC").replace("≥", ">=").replace("≤", "<=");
  const [, sign, first, dots, last] = RANGE.exec(value);
  const [low, high] = [span(first), dots ? span(last) : span(first)];
  if (!low || !high || !(first || last) || (sign && dots)) return [];
  const bounds = {
    ">=": [low[0], LAST],
    ">": [String(Number(low[1]) + 1).padStart(8, "0"), LAST],
    "<=": [FIRST, high[1]],
    "<": [FIRST, String(Number(high[0]) - 1).padStart(8, "0")],
  }[sign] || [low[0], high[1]];
  const days = cover(...bounds).map((prefix) => `d${prefix}`);
  return days.length ? days : ["none"];
};

const FACTS = {
  date: dates,
  has: (value) => FEATURES.includes(value.toLowerCase()) ? [`has${value.toLowerCase()}`] : [],
  lang: (value) => /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/.test(value) ? [`lang${value.toLowerCase().replaceAll("-", "")}`] : [],
};
