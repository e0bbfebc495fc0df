-- The tables of clippings.db. Names follow Atom where it has a word for the thing.
-- Every index names the query that it serves; every nullable column says when it is null.

-- One row per distinct article: the same text under several feeds is one article.
create table articles (
  id           integer primary key,  -- derived from the path, so a rebuild keeps every link
  title        text not null,        -- front matter, else the first heading, else the file name
  published    text,                 -- ISO 8601, the wall clock as written, with its offset when
                                     -- one is stated; of several files the earliest; null: no
                                     -- date, or an impossible one
  source       text,                 -- second level of `categories`: the site; null: not given
  section      text,                 -- first level: the topic; null: not given
  feed         text,                 -- third level: the feed; null: not given
  author       text,                 -- null: not given
  summary      text not null,        -- the front matter's own, else how the text begins
  language     text,                 -- BCP 47; null: too little text to tell
  characters   integer not null,     -- characters of the text, white space not counted
  image        text,                 -- address of the lead picture; null: none
  url          text,                 -- where it was first published; null: not given
  day          text,                 -- first ten characters of `published`; null: cannot be
  updated      text,                 -- like `published`; null: not given
  first_seen   text,                 -- commit's date of the first version; null: built without
                                     -- --history, as in the next two
  last_seen    text,                 -- commit's date of the newest version
  removed      text,                 -- when all its files were removed; null: one is still there
  docid        integer not null,     -- rowid in articles_fts: the order of publication, with
                                     -- room left in each day for articles that come late
  digest       text not null,        -- BLAKE2b-128 of title and Markdown
  front_matter text not null,        -- every original key, as JSON
  markdown     text not null         -- the body; last, so that browsing skips its pages
);
-- A search result to its article, and the newest first. It holds the facets' columns, so that
-- the facets of a search are counted without reading the articles; were it unique, SQLite would
-- take it for one row and read them. That a docid is one article's, the build checks.
create index articles_docid on articles (docid, section, source, feed, day);
-- One index per facet; each also serves the browse page of that facet, newest first. Those of
-- the categories hold the other facets' columns too: the facets of a table that was narrowed by
-- one of them are then counted without reading the articles.
create index articles_section on articles (section, docid, source, feed, day);
create index articles_source on articles (source, docid, section, feed, day);
create index articles_feed on articles (feed, docid, section, source, day);
create index articles_day on articles (day, docid);
create index articles_language on articles (language, docid);
-- `?_sort=title`.
create index articles_title on articles (title);
-- `?_sort=published` and date ranges in SQL.
create index articles_published on articles (published);
-- The articles removed where they came from.
create index articles_removed on articles (removed) where removed is not null;
-- The longest reads.
create index articles_characters on articles (characters);

-- One row per file that became (part of) an article.
create table placements (
  id       integer primary key,      -- derived from the path; equals articles.id for the file
                                     -- that leads: the first with a feed, else the first
  article  integer not null references articles (id),
  path     text not null unique,     -- below the source folder, `/` between the parts
  section  text,                     -- null: not given
  source   text,                     -- null: not given
  feed     text,                     -- null: not given
  encoding text not null,            -- what the bytes were read as
  digest   text not null,            -- SHA-256 of the file
  -- Of a file from a git history (--history); null: of any other.
  first_seen text,                   -- commit's date of its first version, ISO 8601 as written
  last_seen  text,                   -- commit's date of its newest version
  removed    text,                   -- date of the commit that removed it; null: still there
  commit_id  text                    -- the commit of the version that is the article
);
-- The other places of an article; the names that a search is narrowed by are counted from it.
create index placements_article on placements (article, section, source, feed);

-- The articles that stand under a name by a place other than their first.
create index placements_also_section on placements (section, article) where id <> article;
create index placements_also_source on placements (source, article) where id <> article;
create index placements_also_feed on placements (feed, article) where id <> article;

-- What the files of a git history were before: their older versions.
create table revisions (
  placement integer not null references placements (id),
  position  integer not null,        -- from 1, the oldest first
  article   integer not null references articles (id),
  commit_id text not null,           -- the commit that wrote this version
  date      text not null,           -- its author's date, ISO 8601 with the offset as written
  digest    text not null,           -- SHA-256 of the file then; empty: it could not be read
  title     text,                    -- null: that version is no article
  changes   text not null,           -- what the version after it changed: words of
                                     -- title, text, front-matter; may be empty
  primary key (placement, position)
) without rowid;
-- The history of an article.
create index revisions_article on revisions (article);
-- The articles that had another title.
create index revisions_retitled on revisions (article, title) where instr(changes, 'title');

-- The links of the bodies in document order.
create table links (
  article  integer not null references articles (id),
  position integer not null,         -- from 1
  url      text not null,
  host     text,                     -- lower case, without `www.`; null: a relative address
  text     text not null,            -- what the link stands on; may be empty
  primary key (article, position)
) without rowid;
-- Who cites a host; most cited hosts.
create index links_host on links (host, article);

-- The pictures of the bodies in document order.
create table images (
  article  integer not null references articles (id),
  position integer not null,         -- from 1
  url      text not null,
  host     text,                     -- like links.host
  alt      text not null,            -- may be empty
  caption  text not null,            -- may be empty
  primary key (article, position)
) without rowid;

-- What an article holds besides text: image, video, audio, table, code.
create table features (
  feature  text not null,
  article  integer not null references articles (id),
  primary key (feature, article)
) without rowid;

-- What an article holds.
create index features_article on features (article, feature);

-- Tags, an article's in any order.
create table tags (
  tag      text not null,
  article  integer not null references articles (id),
  primary key (tag, article)
) without rowid;
-- The tags of an article.
create index tags_article on tags (article, tag);

-- Near-duplicates: articles of the same days with nearly the same text: retitled, syndicated, added
-- to (clippings/similarity/near_duplicates.py). An article that stands alone has no row.
create table stories (
  story    integer not null references articles (id),  -- the earliest of them
  article  integer primary key references articles (id)
);
-- All of one story.
create index stories_story on stories (story, article);

-- Articles about the same thing, by the rare words they share (clippings/similarity/related.py).
create table related (
  article  integer not null references articles (id),
  position integer not null,         -- from 1, the closest first
  other    integer not null references articles (id),
  score    real not null,            -- sum of the shared words' inverse document frequencies
  primary key (article, position)
) without rowid;

-- The articles that name this one.
create index related_other on related (other);

-- Every repair and every problem, so that nothing is mended in silence.
create table diagnostics (
  path     text not null,            -- the file, as in placements or quarantine
  position integer not null,         -- from 1, in the order it happened to the file
  article  integer references articles (id),  -- null: the file is in quarantine
  severity text not null check (severity in ('info', 'warning', 'error')),
  stage    text not null,            -- read, front-matter, convert, normalize; archive: of all files together
  code     text not null,            -- a stable word to count by
  message  text not null,
  primary key (path, position)
) without rowid;
-- Which articles had this happen to them; the facet on code.
create index diagnostics_code on diagnostics (code, article);
-- What happened to this article.
create index diagnostics_article on diagnostics (article);

-- Files that could not become an article, with their bytes.
create table quarantine (
  path     text primary key,
  size     integer not null,         -- bytes of the file
  digest   text not null,            -- SHA-256 of the file; empty: it could not be read
  content  blob not null             -- its bytes (of a file above the size limit: the beginning)
);

-- What the archive's owner keeps out of it (docs/withholding.md), by the file's number.
create table withheld (
  id       integer primary key,      -- derived from the path, like placements.id
  what     text not null check (what in ('article', 'text')),  -- the article is a placement still
                                     -- when only its text, from its beginning on, was taken out
  entry    integer not null,         -- number in the list `withhold`, from 1; 0: all texts are
  reason   text not null             -- for visitors; may be empty
);

-- How the build counted: files_seen = placements + quarantined + withheld, and files_found is
-- files_seen and all of passed_over_… (a reason why something in the sources is no article).
create table accounting (
  name     text primary key,
  count    integer not null
) without rowid;

-- What the owner says of the archive: the names of archive.yml, but for what the build reads itself.
create table about (
  name     text primary key,
  value    text not null             -- JSON
) without rowid;

-- Traditional to Simplified, as the index folds characters; for searching in plain SQL.
create table folding (
  character text primary key,
  folded    text not null
) without rowid;

-- The search index: contentless, its tokens prepared by clippings.search, so that any sqlite3
-- opens, checks and queries it. rowid is articles.docid. `ascii` leaves every other character as
-- it is, where unicode61 of an older SQLite splits newer Han. `body` comes first because FTS5
-- writes no mark for its first column, which makes the index a fifth smaller.
create virtual table articles_fts using fts5 (
  body, title, summary, author, section, source, feed, tags, facts,
  content='', tokenize="ascii tokenchars '+#%@|'"
);
