"""PDF files made for tests: a page for each text, in the least that the format asks for."""

from __future__ import annotations

import io

from pypdf import PdfReader, PdfWriter


def pdf(*pages: str, password: str = "") -> bytes:
    """A PDF with these pages, each with its lines as text; an empty one shows nothing. With a password it opens by it alone."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for page in pages:
        lines = "".join(
            f"({line.replace('(', '[').replace(')', ']')}) Tj 0 -20 Td " for line in page.splitlines()
        )
        content = f"BT /F1 12 Tf 50 700 Td {lines}ET" if page else ""
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    made, starts = b"%PDF-1.4\n", []
    for n, each in enumerate(objects, start=1):
        starts.append(len(made))
        made += f"{n} 0 obj\n{each}\nendobj\n".encode()
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    end = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(made)}\n%%EOF\n"
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()
    return _locked(made, password) if password else made


def _locked(plain: bytes, password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(plain)))
    writer.encrypt(password)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()
