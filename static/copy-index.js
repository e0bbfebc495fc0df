// The index of a static copy, as clippings/static/words.py writes it: files of which a query
// fetches those that hold its words. Articles are told by their docid, which counts them in the
// order of publication.

const WEIGHTS = { body: 1, title: 10, summary: 4, author: 2 }; // as on the site
const [K1, B] = [1.2, 0.75]; // as in SQLite's bm25()
const text = new TextDecoder();

const unpacked = async (address) => {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  const stream = answer.body.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

// Reads numbers (LEB128, beyond 32 bits too) and names one behind the other.
class Reader {
  constructor(bytes) { this.bytes = bytes; this.at = 0; }
  get left() { return this.at < this.bytes.length; }
  number() {
    let [value, unit, byte] = [0, 1, 128];
    for (; byte >= 128; unit *= 128) {
      byte = this.bytes[this.at++];
      value += (byte & 127) * unit;
    }
    return value;
  }
  piece() {
    const length = this.number();
    return this.bytes.subarray(this.at, this.at += length);
  }
}

// Code points in order, as SQLite sorts; JavaScript compares halves of some.
const isAfter = (one, other) => {
  const [these, those] = [Array.from(one), Array.from(other)];
  const at = these.findIndex((letter, place) => letter !== those[place]);
  if (at < 0) return false;
  return at >= those.length || these[at].codePointAt(0) > those[at].codePointAt(0);
};

const placesOf = (bytes) => {
  const found = new Map();
  const reader = new Reader(bytes);
  let docid = 0;
  while (reader.left) {
    docid += reader.number();
    let place = 0;
    found.set(docid, Array.from({ length: reader.number() }, () => place += reader.number()));
  }
  return found;
};

export class Index {
  #shards = new Map();
  #articles;
  constructor(folder, about) {
    this.folder = folder;
    this.terms = about.terms;
    this.columns = about.columns;
  }

  #shard(number) {
    if (!this.#shards.has(number)) {
      this.#shards.set(number, unpacked(new URL(`${number}.bin`, this.folder)).then((bytes) => {
        const reader = new Reader(bytes);
        const found = new Map();
        while (reader.left) found.set(text.decode(reader.piece()), reader.piece());
        return found;
      }));
    }
    return this.#shards.get(number);
  }

  // Which shard holds a term, if any does: the last that does not begin after it.
  #place(term) {
    let [low, high] = [0, this.terms.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isAfter(this.terms[middle], term)) high = middle;
      else low = middle + 1;
    }
    return Math.max(low - 1, 0);
  }

  // docid -> places of a term; with `star`, of all terms that begin so.
  async #term(term, star) {
    const first = this.#place(term);
    if (!star) return placesOf((await this.#shard(first)).get(term) || new Uint8Array());
    let last = first;
    while (last + 1 < this.terms.length && this.terms[last + 1].startsWith(term)) last++;
    const shards = await Promise.all(Array.from({ length: last - first + 1 }, (_, at) => this.#shard(first + at)));
    const found = new Map();
    for (const [name, bytes] of shards.flatMap((shard) => [...shard])) {
      if (!name.startsWith(term)) continue;
      for (const [docid, places] of placesOf(bytes)) found.set(docid, [...(found.get(docid) || []), ...places]);
    }
    return found;
  }

  // docid -> places at which a phrase begins, in one of its columns.
  async phrase({ words, columns, star }) {
    const wanted = new Set(columns.map((name) => this.columns.indexOf(name)));
    const terms = await Promise.all(words.map((word, at) => this.#term(word, star && at === words.length - 1)));
    const rarest = terms.reduce((one, other) => (other.size < one.size ? other : one));
    const found = new Map();
    for (const docid of rarest.keys()) {
      const lists = terms.map((term) => term.get(docid));
      if (!lists.every(Boolean)) continue;
      const rest = lists.slice(1).map((list) => new Set(list));
      const places = lists[0].filter((place) => wanted.has(place & 15) && rest.every((set, at) => set.has(place + 16 * (at + 1))));
      if (places.length) found.set(docid, places);
    }
    return found;
  }

  // docid -> {id, length} of every article.
  articles() {
    this.#articles ||= unpacked(new URL("articles.bin", this.folder)).then((bytes) => {
      const reader = new Reader(bytes);
      const found = new Map();
      let docid = 0;
      while (reader.left) found.set(docid += reader.number(), { id: reader.number(), length: reader.number() });
      return found;
    });
    return this.#articles;
  }

  // How well each of some articles fits: BM25 over the phrases, given as `phrase` finds them.
  async scores(docids, phrases) {
    const articles = await this.articles();
    let words = 0;
    for (const { length } of articles.values()) words += length;
    const average = words / articles.size;
    const weights = this.columns.map((name) => WEIGHTS[name] || 0);
    return new Map(docids.map((docid) => [docid, phrases.reduce((score, found) => {
      const often = (found.get(docid) || []).reduce((sum, place) => sum + weights[place & 15], 0);
      const rare = Math.max(Math.log((articles.size - found.size + 0.5) / (found.size + 0.5)), 1e-6);
      return score + rare * often * (K1 + 1) / (often + K1 * (1 - B + B * articles.get(docid).length / average));
    }, 0)]));
  }
}
