"""Writing a description in the formats that programs read; each is a small function of it.

    Croissant 1.1    search engines (it is schema.org/Dataset) and machine learning
                                         https://docs.mlcommons.org/croissant/
    Frictionless 1   data packages       https://specs.frictionlessdata.io/data-package/
    CFF 1.2.0        citations           https://citation-file-format.github.io/
    dataset card     Hugging Face        https://huggingface.co/docs/hub/datasets-cards

`base` stands before the name of each file: an address, or '' for files that lie beside it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import yaml

from clippings.dataset.description import Description, File
from clippings.dataset.tables import Table, parquet_columns

Json = dict[str, Any]

OURS = "clippings"
"""The property of a resource that is an addition of ours: a File, field by field."""

_CROISSANT_TYPES = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "text": "sc:Text",
    "bytes": "sc:Text",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
}
_FRICTIONLESS_TYPES = {"text": "string", "bytes": "string"}

_CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "sc": "https://schema.org/",
    "dct": "http://purl.org/dc/terms/",
    "name": {"@container": "@language"},
    "description": {"@container": "@language"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        term: f"cr:{term}"
        for term in "arrayShape citeAs column containedIn equivalentProperty extract field"
        " fileProperty fileObject fileSet format includes isArray isLiveDataset jsonPath key md5"
        " parentField path recordSet references regex repeated replace samplingRate separator"
        " source subField transform".split()
    },
}
"""The terms of Croissant 1.1 as its specification lists them."""


def croissant(d: Description, url: str, base: str) -> Json:
    """Return the dataset, shown at `url`, with a record set of typed fields a Parquet file."""
    tables = _tables_by_file(d)
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": d.title,
        "description": _long_summary(d),
        "url": url,
        "license": d.license_url or d.license,
        "creator": [{"@type": "Organization", **agent} for agent in d.creators],
        "version": d.version,
        "citeAs": f"{', '.join(agent['name'] for agent in d.creators)}: {d.title}, {d.version}",
        "datePublished": d.last_day,
        "temporalCoverage": f"{d.first_day}/{d.last_day}" if d.first_day else None,
        "inLanguage": list(d.languages),
        "isBasedOn": d.source_url,
        "isAccessibleForFree": True,
        "distribution": [_file_object(file, base) for file in d.files],
        "recordSet": [_record_set(name, table) for name, table in tables.items()],
    }


def datapackage(d: Description, url: str, base: str) -> Json:
    """Return the dataset as a data package; what stands under OURS is all we know of a file."""
    tables = _tables_by_file(d)
    return {
        "profile": "data-package",
        "name": "clippings",
        "title": d.title,
        "description": _long_summary(d),
        "homepage": url if url.startswith("http") else None,
        "version": d.version,
        "licenses": [{"title": d.license, "path": d.license_url, "name": "other"}],
        "contributors": [
            {"title": agent["name"], "path": agent.get("url"), "email": agent.get("email")}
            for agent in d.creators
        ],
        "sources": [{"title": d.source_url, "path": d.source_url}] if d.source_url else [],
        "resources": [_resource(file, tables.get(file.name), base) for file in d.files],
    }


def citation(d: Description, url: str, base: str) -> Json:
    """Return CITATION.cff, for reference managers and forges; it names no file."""
    return {
        "cff-version": "1.2.0",
        "message": "Cite the archive so; cite an article by its own author and publisher.",
        "type": "dataset",
        "title": d.title,
        "abstract": _long_summary(d),
        "authors": [
            {"name": agent["name"], "website": agent.get("url"), "email": agent.get("email")}
            for agent in d.creators
        ],
        "version": d.version,
        "date-released": d.last_day,
        "url": url if url.startswith("http") else None,
    }


def dataset_card(d: Description) -> str:
    """Return README.md for Hugging Face: a configuration for each table with rows, and the text."""
    tables = {name: table for name, table in _tables_by_file(d).items() if table.rows}
    header = {
        "pretty_name": d.title,
        "language": list(dict.fromkeys(each.partition("-")[0] for each in d.languages)),
        "license": "other",
        "license_name": d.license,
        "license_link": d.license_url,
        "configs": [
            {"config_name": table.name, "data_files": name, "default": table.name == "articles"}
            for name, table in tables.items()
        ],
    }
    described = [
        f"- `{name}`: {table.title}; {table.description} ({table.rows:,})"
        for name, table in tables.items()
    ]
    paragraphs = (
        *(f"# {d.title}", d.summary, d.coverage),
        *("## Files", "\n".join(described), "Cite it as `CITATION.cff` says."),
        *("## How it was made", d.sections.get("motivation"), d.sections.get("collection")),
        *(d.sections.get("cleaning"), *d.limits),
        *("## Rights", d.license, d.license_url, d.sections.get("rights")),
    )
    front = yaml.safe_dump(_known(header), allow_unicode=True, sort_keys=False)
    return f"---\n{front}---\n\n" + "\n\n".join(filter(None, paragraphs)) + "\n"


DESCRIPTIONS = {
    "datapackage.json": datapackage,
    "croissant.json": croissant,
    "CITATION.cff": citation,
}
"""What describes the dataset to programs, on the site and in a release, by the name of the file."""


def description_as(name: str, d: Description, url: str, base: str) -> Json:
    """Return one of DESCRIPTIONS, without what nobody described."""
    found: Json = _known(DESCRIPTIONS[name](d, url, base))
    return found


def description_file(name: str, d: Description, url: str, base: str) -> str:
    """Return the content of one of DESCRIPTIONS."""
    found = description_as(name, d, url, base)
    if name.endswith(".cff"):
        return yaml.safe_dump(found, allow_unicode=True, sort_keys=False)
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _known(value: Any) -> Any:
    """Return JSON without the members, at any depth, that say nothing."""
    if isinstance(value, list):
        return [_known(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: _known(each) for name, each in value.items()}
    return {name: each for name, each in found.items() if each not in (None, "", [], {})}


def _long_summary(d: Description) -> str:
    return "\n\n".join(filter(None, (d.summary, d.coverage, *d.limits, d.sections.get("rights"))))


def _tables_by_file(d: Description) -> dict[str, Table]:
    """Return the table that each Parquet file holds, by the file's name."""
    tables = {f"{table.name}.parquet": table for table in d.tables}
    return {file.name: tables[file.name] for file in d.files if file.name in tables}


def _file_object(file: File, base: str) -> Json:
    # Croissant's own reader knows Parquet by another name.
    is_parquet = file.name.endswith(".parquet")
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": base + file.name,
        "contentSize": f"{file.size} B",
        "encodingFormat": "application/x-parquet" if is_parquet else file.media_type,
        "sha256": file.sha256,
    }


def _record_set(file: str, table: Table) -> Json:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": f"{table.title}: {table.description}",
        "key": [{"@id": f"{table.name}/{column}"} for column in table.key],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{table.name}/{column.name}",
                "name": column.name,
                "description": column.description,
                "dataType": _CROISSANT_TYPES[column.kind],
                "source": {"fileObject": {"@id": file}, "extract": {"column": column.name}},
            }
            for column in parquet_columns(table.columns)
        ],
    }


def _resource(file: File, table: Table | None, base: str) -> Json:
    fields: Json = {
        "name": file.name.lower(),
        "path": base + file.name,
        "mediatype": file.media_type,
        OURS: asdict(file),
    }
    if table is None:
        return {**fields, "bytes": file.size, "hash": f"sha256:{file.sha256}"}
    # Frictionless reads the rows of a Parquet file, not its bytes, and would call them wrong.
    columns = [
        {
            "name": column.name,
            "type": _FRICTIONLESS_TYPES.get(column.kind, column.kind),
            "description": column.description,
            # An empty text is a missing one to Frictionless, and ours may be empty.
            "constraints": {
                "required": True if column.required and column.kind != "text" else None
            },
        }
        for column in parquet_columns(table.columns)
    ]
    form: Json = {"profile": "tabular-data-resource", "format": "parquet", "rows": file.rows}
    return {**fields, **form, "schema": {"fields": columns, "primaryKey": list(table.key)}}
