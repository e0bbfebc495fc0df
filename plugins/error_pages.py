"""What is not there, said in the reader's language and in the dress of the site."""

from datasette import hookimpl
from datasette.utils.asgi import Base400

from clippings.site import Missing, page, words_for


async def problem(datasette, request, exception):
    say = words_for(request)
    known = f"error.{exception.status}"
    context = {
        "status": exception.status,
        "title": say(known if known in say.strings else "error.other"),
        "message": say(str(exception)) if isinstance(exception, Missing) else "",
    }
    return await page(datasette, request, "problem.html", context, exception.status)


@hookimpl
def handle_exception(datasette, request, exception):
    is_json = request.path.endswith(".json")
    if isinstance(exception, Base400) and not is_json:
        return problem(datasette, request, exception)
