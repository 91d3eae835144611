"""Archives for tests."""

import io
import zipfile


def zipped(*names: str) -> bytes:
    """Return a zip archive with files of one byte."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return content.getvalue()
