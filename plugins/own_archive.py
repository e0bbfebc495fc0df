"""What archive.yml beside the database says goes before metadata.yml."""

from pathlib import Path

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import StartupError

from clippings.dataset.own import NAME, ArchiveFileError, read_own
from clippings.site.addresses import archive
from clippings.site.compatibility import IS_SECOND, merged


@hookimpl(tryfirst=True)  # the first hook at the start: templates, then plugins, read metadata
def prepare_jinja2_environment(datasette: Datasette) -> None:
    """Put it there. A file that cannot be meant stops the start and says why."""
    path = archive(datasette).path
    if path is None:
        return
    try:
        own = read_own(Path(path).with_name(NAME))
    except ArchiveFileError as error:
        raise StartupError(str(error)) from None
    datasette._metadata_local = merged(datasette._metadata_local, own)
    if IS_SECOND:
        datasette.config = merged(datasette.config, own)
