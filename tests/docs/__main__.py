"""`python -m tests.docs` writes the parts of docs/ that are made of the code."""

from __future__ import annotations

from tests.docs.generated import pages

if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
