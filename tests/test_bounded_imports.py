"""How much zips, spreadsheets and XML may hold; limits are looked at before the work that they bound."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import openpyxl
import pytest
from lxml import etree

from adapters.base import InvalidExport
from adapters.export_files import export_files
from adapters.tables import read_table
from gateway.adapters_installed import reader
from tests.exports.one_school import ALL, unpack


def _zip(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_zip_of_too_many_files_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "many.zip", **{f"{one}.xml": b"" for one in range(1_001)})
    with pytest.raises(InvalidExport, match=r"many.zip: holds 1,001 files; a zip may hold 1,000\.$"):
        export_files(path)
    few = _zip(tmp_path / "few.zip", **{f"{one}.xml": b"" for one in range(1_000)})
    assert len(export_files(few)) == 1_000


@pytest.mark.parametrize("has_remark", [False, True])
@pytest.mark.parametrize("is_zip64", [False, True])
def test_the_list_of_a_zip_is_not_read_where_it_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_remark: bool, is_zip64: bool
) -> None:
    if is_zip64:
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    path = tmp_path / "list.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for one in range(20):
            archive.writestr(f"{one:02}{'x' * 60_000}", b"")
        archive.comment = b"PK\5\6 in a remark" * has_remark
    assert (b"PK\6\6" in path.read_bytes()) is is_zip64
    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", lambda _: pytest.fail("the list was read"))
    message = r"list.zip: its list of files has 1,200,(640|960) bytes; it may have 1,048,576\.$"
    with pytest.raises(InvalidExport, match=message):
        export_files(path)


def test_a_zip_that_holds_a_name_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("a.xml", b"<a/>")
        archive.writestr("a.xml", b"<b/>")
    with pytest.raises(InvalidExport, match=r"twice.zip: holds 'a.xml' twice; export again\.$"):
        export_files(path)


WORKBOOK = {
    "[Content_Types].xml": """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>""",
    "_rels/.rels": """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Target="xl/workbook.xml"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>""",
}


def _workbook(path: Path, *rows: str, sheets: int = 1, texts: str = "") -> Path:
    """Write a spreadsheet of sheets with the same rows."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    numbers = range(1, sheets + 1)
    tabs = "".join(f'<sheet name="{one}" sheetId="{one}" r:id="r{one}"/>' for one in numbers)
    ties = "".join(
        f'<Relationship Id="r{one}" Type="{office}/worksheet" Target="worksheets/sheet{one}.xml"/>'
        for one in numbers
    )
    sheet = f'<worksheet xmlns="{main}"><sheetData>{"".join(rows)}</sheetData></worksheet>'
    namespace = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in WORKBOOK.items():
            archive.writestr(name, content)
        book = f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{tabs}</sheets></workbook>'
        archive.writestr("xl/workbook.xml", book)
        relationships = f'<Relationships xmlns="{namespace}">{ties}</Relationships>'
        archive.writestr("xl/_rels/workbook.xml.rels", relationships)
        for one in numbers:
            archive.writestr(f"xl/worksheets/sheet{one}.xml", sheet)
        if texts:
            archive.writestr("xl/sharedStrings.xml", texts)
    return path


HEADER = """<row r="1"><c r="A1" t="inlineStr"><is><t>ELEVE_ID</t></is></c>
<c r="B1" t="inlineStr"><is><t>Note</t></is></c></row>"""


def _rows(path: Path) -> list[list[str]]:
    (file,) = export_files(path)
    return [row.fields for row in read_table(file).rows]


def test_a_spreadsheet_as_these_tests_write_it_is_read(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "notes.xlsx", HEADER, '<row r="3"><c r="A3"><v>5001</v></c></row>', sheets=2)
    assert _rows(path) == [["5001"]]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ('<row r="999999999"><c r="A999999999"><v>1</v></c></row>', "500001"),
        ("".join(f'<row r="{one}"><c r="XFD{one}"><v>1</v></c></row>' for one in range(2, 400)), "307"),
    ],
    ids=["the billionth row", "the last column"],
)
def test_a_spreadsheet_is_read_up_to_a_number_of_rows_and_cells(tmp_path: Path, row: str, line: str) -> None:
    path = _workbook(tmp_path / "notes.xlsx", HEADER, row, sheets=3)
    with pytest.raises(InvalidExport) as error:
        _rows(path)
    assert str(error.value) == (
        f"notes.xlsx, line {line}: a sheet may have 500,000 rows and 5,000,000 cells, those without content "
        "counted; save it as CSV."
    )


def test_a_spreadsheet_with_too_much_in_it_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.spreadsheets.MOST_ELEMENTS", 5_000)
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *_, **__: pytest.fail("it was parsed"))
    path = _workbook(tmp_path / "notes.xlsx", HEADER, texts=f"<sst>{'<si/>' * 5_000}</sst>")
    with pytest.raises(InvalidExport, match=r"notes.xlsx: has more than 5,000 XML elements"):
        _rows(path)
    monkeypatch.setattr("adapters.spreadsheets.LARGEST", 10_000)
    with pytest.raises(InvalidExport, match=r"would unpack to \d+ bytes; a spreadsheet may have 10000"):
        _rows(path)
    monkeypatch.setattr("adapters.spreadsheets.LARGEST", 1_000)
    with pytest.raises(InvalidExport, match=r"notes.xlsx: \d+ bytes are too many; a spreadsheet may"):
        _rows(path)


def test_a_spreadsheet_of_too_many_sheets_is_refused(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "notes.xlsx", HEADER, sheets=101)
    with pytest.raises(InvalidExport, match=r"notes.xlsx: has 101 sheets; it may have 100\."):
        _rows(path)


@pytest.mark.parametrize(
    ("limit", "message"),
    [("MOST_ELEMENTS", r"has [\d,]+ elements; one school may have 99\."),
     ("MOST_ATTRIBUTES", r"has [\d,]+ attributes; one school may have 99\."),
     ("LARGEST", r"\d+ bytes are too many; one school may have 99\.")],
)  # fmt: skip
@pytest.mark.parametrize("name", ["siecle", "sts", "edt"])
def test_xml_with_too_much_in_it_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: str, message: str
) -> None:
    written = ALL[name](tmp_path)
    if name == "siecle":
        unpack(written.path)
    for file in [written.path] if written.path.is_file() else written.path.glob("*.xml"):
        text = file.read_bytes()
        end = text.rindex(b"</")
        file.write_bytes(text[:end] + b"<x a='1'/>" * 100 + text[end:])
    monkeypatch.setattr(f"adapters.xml_documents.{limit}", 99)
    monkeypatch.setattr(etree, "fromstring", lambda *_: pytest.fail("it was parsed"))
    with pytest.raises(InvalidExport, match=message):
        list(reader(name).read(written.path, written.options))
