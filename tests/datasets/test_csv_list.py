"""CSVs that list images: encodings, separators, labels, names of files; what cannot be read is named by file and line."""

import csv

from PIL import Image
import pytest

from sanity_checks.datasets import csv_list
from sanity_checks.datasets import listing

ROWS = "file,label,class_name\na.png,0.0,owl\nÄ b.png,2.,fóx\n"


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "Ä b.png", "sub/c.png", "c,d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name)
    return tmp_path


def read(folder, content, encoding="utf-8"):
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    paths, labels, class_names = csv_list.read(str(path))
    return [str(path)[len(str(folder)) + 1:] for path in paths], labels if labels is None else labels.tolist(), class_names


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_encodings_separators_and_line_ends(folder, encoding, separator, ending):
    found = read(folder, ROWS.replace(",", separator).replace("\n", ending), encoding)
    assert found == (["a.png", "Ä b.png"], [0, 2], ("owl", "1", "fóx"))


def test_big_endian_utf_16(folder):
    assert read(folder, b"\xfe\xff" + "file\na.png".encode("utf-16-be"))[0] == ["a.png"]


@pytest.mark.parametrize("text, label", [("7", 7), (" 7 ", 7), ("0.0", 0), ("3.00", 3), ("007", 7), ("999999", 999_999)])
def test_class_numbers(folder, text, label):
    assert read(folder, f"file,label\na.png,{text}")[1] == [label]


@pytest.mark.parametrize("text, shown", [
    ("1.7", "'1.7'"), ("1e30", "'1e30'"), ("", "''"), ("-1", "'-1'"), ("²", "'²'"), ("1000000", "'1000000'"), ("nan", "'nan'"),
    ("9" * 6000, "'9999"), ("owl", "'owl'")], ids=lambda text: text[:8])
def test_other_labels_are_refused_by_line(folder, text, shown):
    with pytest.raises(ValueError, match=r"^images: .*list.csv, line 4: expected a class number, found " + shown) as caught:
        read(folder, f"file,label\na.png,1\n\na.png,{text}\n")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("row", ["a.png", " a.png ", '" a.png"', ".\\a.png", "./a.png"])
def test_spaces_and_separators_of_windows(folder, row):
    (found,), _, _ = read(folder, f"file\n{row}")
    assert listing.is_file(str(folder / found)) and found.endswith("a.png")


def test_a_folder_of_windows(folder):
    assert read(folder, "file\nsub\\c.png")[0] == ["sub/c.png"]


def test_a_name_is_first_taken_as_it_stands(folder):
    Image.new("L", (4, 4)).save(folder / "sub\\c.png")
    Image.new("L", (4, 4)).save(folder / " a.png")
    assert read(folder, "file\nsub\\c.png\n a.png")[0] == ["sub\\c.png", " a.png"]


def test_quoted_separators_blank_lines_and_short_rows(folder):
    assert read(folder, 'file, class_name\n\n"c,d.png"\n , \na.png,owl,,\n') == (["c,d.png", "a.png"], None, None)


@pytest.mark.parametrize("content, line, what", [
    ("file\na.png\nÄ".encode("latin-1"), 3, "expected text in UTF-8, or in UTF-16 with a byte order mark, found byte 0xc4"),
    (b"file\na.png\nb\0.png", 3, "found a NUL byte"),
    ("file\na.png".encode("utf-16-le"), 1, "found a NUL byte"),
    ("file\na.png".encode("utf-16")[:-1], 2, "found byte 0x67"),
    (b"\x89PNG\r\n\x1a\n\0\0", 1, "found byte 0x89"),
    ("file,label\na.png,1\nc,d.png,2", 3, r"expected 2 values \(file, label\), found 3; put quotes around a value that holds ,"),
    ('file,label\na.png,1\n"' + "x" * csv.field_size_limit() + "y", 3, "no row of a CSV .field larger than field limit"),
    ('file,label\na.png,1\n"a.png,1\na.png,1\n', 3, "no row of a CSV .unexpected end of data"),
    ('file,label\n"a"b.png,1', 2, "no row of a CSV"),
    ("file,label\na.png,1\n,2", 3, "expected a file, found nothing"),
    ('file,label,class_name\na.png,1,"an\nowl"\n\na.png,x,', 5, "expected a class number, found 'x'"),
    ("file,file\na.png,1", 1, "a column is named twice"),
], ids=["latin-1", "nul", "utf-16 without mark", "half a character", "png", "comma", "huge field", "open quote", "quote inside", "no file",
        "value of two lines", "twice"])
def test_what_cannot_be_read_is_refused_by_line(folder, content, line, what):
    with pytest.raises(ValueError, match=f"^images: {folder}/list.csv, line {line}: .*{what}") as caught:
        read(folder, content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("header", ["File,label", "path;label", "", "label\tclass_name"])
def test_a_list_without_files_is_told_what_was_expected(folder, header):
    with pytest.raises(ValueError, match=r"list.csv: expected a column file, found .*\(commas, semicolons or tabs separate columns\)"):
        read(folder, f"{header}\na.png,1")


@pytest.mark.parametrize("name", ["none.png", "C:\\photos\\a.png", "x" * 5000, "sub"])
def test_a_missing_file_is_named_with_its_line(folder, name):
    with pytest.raises(FileNotFoundError, match=r"lists 1 files that do not exist, first .*\(line 3\)$") as caught:
        read(folder, f"file\na.png\n{name}")
    assert len(str(caught.value)) < 700


def test_files_in_a_folder_that_may_not_be_searched_are_not_missing(folder, monkeypatch):
    def stat(path, real=listing.os.stat, **options):
        if str(path).endswith("c.png"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, **options)
    monkeypatch.setattr(listing.os, "stat", stat)
    with pytest.raises(PermissionError, match=f"^images: folder {folder}/sub cannot be read: Permission denied"):
        read(folder, "file\nsub/c.png")
