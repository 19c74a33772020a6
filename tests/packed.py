"""Workbooks and zip files written in the test that reads them."""
import io
import zipfile
from datetime import date, datetime
from xml.sax.saxutils import escape

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_STYLES = f'''{_HEAD}<styleSheet {_MAIN}><fonts><font/></fonts><fills><fill/></fills><borders><border/></borders>
<cellStyleXfs><xf/></cellStyleXfs>
<cellXfs><xf/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>'''
ERROR = object()


def zipped(files: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return made.getvalue()


def workbook(*, hidden: tuple[str, ...] = (), **sheets: list[list[object]]) -> bytes:
    """An .xlsx of these sheets. A row is a list of cells, None where there is none."""
    return zipped(workbook_parts(hidden, sheets))


def workbook_parts(hidden: tuple[str, ...], sheets: dict[str, list[list[object]]]) -> dict[str, bytes | str]:
    numbers = range(1, len(sheets) + 1)
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" {"state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""} r:id="r{n}"/>'
                     for n, name in zip(numbers, sheets, strict=True))
    related = "".join(f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers)
    return {
        "[Content_Types].xml": f'''{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"
            ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>''',
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
                       'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_HEAD}<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{related}<Relationship Id="s" '
                                      f'Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
        **{f"xl/worksheets/sheet{n}.xml": _sheet(rows) for n, rows in zip(numbers, sheets.values(), strict=True)}}


def opendocument(*rows: tuple[str, ...]) -> bytes:
    """An .ods of one sheet, with as many blank rows after these as a spreadsheet writes."""
    names = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text"))
    cells = ("".join(f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>' for cell in row) for row in rows)
    lines = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
    rest = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    return zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "META-INF/manifest.xml": '<manifest xmlns="urn:oasis"/>', "content.xml":
                   f'<office:document-content {names}><office:body><office:spreadsheet><table:table table:name="S">{lines}{rest}</table:table>'
                   "</office:spreadsheet></office:body></office:document-content>"})


def _sheet(rows: list[list[object]]) -> str:
    lines = [f'<row r="{at}">{"".join(_cell(chr(64 + place) + str(at), cell) for place, cell in enumerate(row, start=1) if cell is not None)}</row>'
             for at, row in enumerate(rows, start=1) if row]
    return f"{_HEAD}<worksheet {_MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"


def _cell(at: str, cell: object) -> str:
    if cell is ERROR:
        return f'<c r="{at}" t="e"><v>#N/A</v></c>'
    if isinstance(cell, bool):
        return f'<c r="{at}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, date):
        day = cell - datetime(1899, 12, 30) if isinstance(cell, datetime) else cell - date(1899, 12, 30)
        return f'<c r="{at}" s="{2 if isinstance(cell, datetime) else 1}"><v>{day.total_seconds() / 86400!r}</v></c>'
    if isinstance(cell, str):
        return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    return f'<c r="{at}"><v>{cell!r}</v></c>'
