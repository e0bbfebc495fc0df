"""Writing a description in the formats that programs read; each is a small function of it.

    schema.org/Dataset   search engines       https://schema.org/Dataset
    Croissant 1.0        machine learning     https://docs.mlcommons.org/croissant/
    Frictionless 1       data packages        https://specs.frictionlessdata.io/data-package/
    CFF 1.2.0            citations            https://citation-file-format.github.io/

`base` stands before the name of each file: an address, or '' for files that lie beside it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import yaml

from clippings.dataset.description import Agent, Description, File
from clippings.dataset.tables import Column, Table, parquet_columns

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
    "rai": "http://mlcommons.org/croissant/RAI/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        term: f"cr:{term}"
        for term in "citeAs column equivalentProperty extract field fileProperty fileObject fileSet"
        " format includes isLiveDataset jsonPath key md5 parentField path recordSet references"
        " regex repeated replace samplingRate separator source subField transform".split()
    },
}
"""The terms of Croissant 1.0 as its specification lists them."""


def schema_org(d: Description, url: str, base: str) -> Json:
    """Return the dataset for search engines; `url` is where it is shown."""
    return _known(
        {
            "@context": "https://schema.org/",
            "@type": "Dataset",
            **_about(d, url),
            "isBasedOn": d.source_url,
            "inLanguage": list(d.languages),
            "temporalCoverage": _span(d),
            "dateModified": d.last_day,
            "isAccessibleForFree": True,
            "distribution": [_download(file, base) for file in d.files],
        }
    )


def croissant(d: Description, url: str, base: str) -> Json:
    """Return the dataset for machine learning: a record set with typed fields a Parquet file."""
    tables = {table.name: table for table in d.tables}
    read = [file for file in d.files if file.name.endswith(".parquet") and file.table in tables]
    return _known(
        {
            "@context": _CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            **_about(d, url),
            "citeAs": f"{', '.join(agent.name for agent in d.creators)}: {d.title}, {d.version}",
            "datePublished": d.last_day,
            "distribution": [_file_object(file, base) for file in d.files],
            "recordSet": [_record_set(file, tables[str(file.table)]) for file in read],
        }
    )


def datapackage(d: Description, url: str, base: str) -> Json:
    """Return the dataset as a data package; what stands under OURS is all we know of a file."""
    tables = {table.name: table for table in d.tables}
    return _known(
        {
            "profile": "data-package",
            "name": "clippings",
            "title": d.title,
            "description": _long_summary(d),
            "homepage": url if url.startswith("http") else None,
            "version": d.version,
            "licenses": [_known({"title": d.license, "path": d.license_url, "name": "other"})],
            "contributors": [
                _known({"title": agent.name, "path": agent.url, "email": agent.email})
                for agent in d.creators
            ],
            "sources": [{"title": d.source_url, "path": d.source_url}] if d.source_url else [],
            "resources": [_resource(file, tables, base) for file in d.files],
        }
    )


def citation(d: Description, url: str) -> str:
    """Return CITATION.cff, for reference managers and forges."""
    message = "Cite the archive so; cite an article by its own author and publisher."
    return yaml.safe_dump(
        _known(
            {
                "cff-version": "1.2.0",
                "message": message,
                "type": "dataset",
                "title": d.title,
                "abstract": _long_summary(d),
                "authors": [
                    _known({"name": agent.name, "website": agent.url, "email": agent.email})
                    for agent in d.creators
                ],
                "version": d.version,
                "date-released": d.last_day,
                "url": url if url.startswith("http") else None,
            }
        ),
        allow_unicode=True,
        sort_keys=False,
    )


def _about(d: Description, url: str) -> Json:
    """What schema.org and Croissant, which is built on it, say alike."""
    return {
        "name": d.title,
        "description": _long_summary(d),
        "url": url,
        "license": d.license_url or d.license,
        "creator": [_organization(agent) for agent in d.creators],
        "version": d.version,
    }


def _known(fields: Json) -> Json:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def _long_summary(d: Description) -> str:
    return "\n\n".join(filter(None, (d.summary, d.coverage, *d.limits, d.sections.get("rights"))))


def _span(d: Description) -> str | None:
    return f"{d.first_day}/{d.last_day}" if d.first_day else None


def _organization(agent: Agent) -> Json:
    return _known(
        {"@type": "Organization", "name": agent.name, "url": agent.url, "email": agent.email}
    )


def _download(file: File, base: str) -> Json:
    return {
        "@type": "DataDownload",
        "name": file.name,
        "contentUrl": base + file.name,
        "contentSize": f"{file.size} B",
        "encodingFormat": file.media_type,
        "sha256": file.sha256,
    }


def _file_object(file: File, base: str) -> Json:
    media_type = "application/x-parquet" if file.name.endswith(".parquet") else file.media_type
    return {
        **_download(file, base),
        "@type": "cr:FileObject",
        "@id": file.name,
        "encodingFormat": media_type,  # the name by which Croissant's own reader knows Parquet
    }


def _record_set(file: File, table: Table) -> Json:
    return _known(
        {
            "@type": "cr:RecordSet",
            "@id": table.name,
            "name": table.name,
            "description": f"{table.title}: {table.description}",
            "key": [{"@id": f"{table.name}/{column}"} for column in table.key],
            "field": [_field(file, table, column) for column in parquet_columns(table.columns)],
        }
    )


def _field(file: File, table: Table, column: Column) -> Json:
    return _known(
        {
            "@type": "cr:Field",
            "@id": f"{table.name}/{column.name}",
            "name": column.name,
            "description": column.description,
            "dataType": _CROISSANT_TYPES[column.kind],
            "source": {"fileObject": {"@id": file.name}, "extract": {"column": column.name}},
        }
    )


def _resource(file: File, tables: dict[str, Table], base: str) -> Json:
    fields: Json = {
        "name": file.name.lower(),
        "path": base + file.name,
        "mediatype": file.media_type,
        OURS: asdict(file),
    }
    table = tables.get(file.table or "")
    if table is None or not file.name.endswith(".parquet"):
        return {**fields, "bytes": file.size, "hash": f"sha256:{file.sha256}"}
    # Frictionless reads the rows of a Parquet file, not its bytes, and would call them wrong.
    form: Json = {"profile": "tabular-data-resource", "format": "parquet"}
    return {**fields, **form, "rows": file.rows, "schema": _schema(table)}


def _schema(table: Table) -> Json:
    return _known(
        {
            "fields": [_schema_field(column) for column in parquet_columns(table.columns)],
            "primaryKey": list(table.key),
        }
    )


def _schema_field(column: Column) -> Json:
    return _known(
        {
            "name": column.name,
            "type": _FRICTIONLESS_TYPES.get(column.kind, column.kind),
            "description": column.description,
            "constraints": _constraints(column),
        }
    )


def _constraints(column: Column) -> Json | None:
    # An empty text is a missing one to Frictionless, and ours may be empty.
    return {"required": True} if column.required and column.kind != "text" else None
