"""Averages and appreciations from LSU bilans (schema import-bilan-complet). See README.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from adapters.base import (
    NO_OPTIONS,
    Entry,
    EntryCount,
    Export,
    InvalidExport,
    Item,
    LeftOut,
    Mention,
    Options,
    Refusal,
    Used,
)
from adapters.records import (
    GradingPeriod,
    Imported,
    School,
    StaffMember,
    Student,
    Subject,
    SubjectAverage,
    record_id,
)
from adapters.school_numbers import check_letter_notices, needed_school_number
from adapters.xml_documents import attribute, children, document, name_of, notices_of_files, only_file, text

PERIODS = {"2": "Semestre", "3": "Trimestre"}
NUMBER = r"([0-9]{1,3}(?:[.,][0-9]{1,2})?)"
AVERAGE = re.compile(rf"{NUMBER}(?:/{NUMBER})?")
"""`9/20`, `11.5`: of 20 where nothing else is said."""
MENTIONED = {
    "eleve": "eleves", "discipline": "disciplines", "enseignant": "enseignants", "periode": "periodes",
}  # fmt: skip
"""Elements that other exports describe, and the lists they stand in."""
BILAN = ("bilans-periodiques", "bilan-periodique")


class LsuReader:
    """Reads one file of bilans."""

    name = "lsu"
    title = "LSU, livret scolaire unique (XML of periodic bilans): averages and appreciations"
    options = NO_OPTIONS

    def inspect(self, path: Path, options: Options) -> Export:
        """Find the file and its school. Raises InvalidExport."""
        bilans = Bilans(path)
        return Export(bilans.source, f"LSU {bilans.school}", True, bilans.size)

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield what the bilans name, then the averages. Raises InvalidExport."""
        bilans = Bilans(path)
        yield from notices_of_files(path, [bilans.export_file])
        yield from check_letter_notices(bilans.school, f"{bilans.file}, entete/etablissement")
        yield from bilans.counts()
        yield from bilans.mentions()
        yield from bilans.averages()
        yield from bilans.left_out()
        yield bilans.size


class Bilans:
    """One file, opened."""

    def __init__(self, path: Path) -> None:
        self.export_file = only_file(path, "lsun-bilans", "LSU")
        self.file, self.size = self.export_file.name, self.export_file.size
        self.root = document(self.export_file)
        head = next(children(self.root, "entete"), None)
        written = text(head, "etablissement") if head is not None else None
        if written is None:
            raise InvalidExport(f"{self.file}: entete/etablissement does not name the school.")
        where = f"{self.file}, entete/etablissement"
        self.school = needed_school_number(written, where, "Correct it in the software for grades.")
        self.source = f"lsu:{self.school}"
        self.known: dict[str, set[str]] = {}
        """Ids of what is named, by kind: an average that refers to anything else belongs to nobody."""

    def common(self, kind: str, key: str) -> dict[str, Any]:
        """Return the columns that every record has."""
        school = record_id(self.source, "School", self.school)
        return {
            "id": record_id(self.source, kind, key), "school_id": school, "source_id": self.source,
            "external_id": key,
        }  # fmt: skip

    def counts(self) -> Iterator[EntryCount]:
        """Yield how many elements of each kind there are, wherever they stand."""
        for kind in (*MENTIONED, "acquis"):
            yield EntryCount(kind, sum(1 for _ in self.root.iter(f"{{*}}{kind}")))
        for kind, number in Counter(name_of(one) for one, _ in self._unread()).items():
            yield EntryCount(kind, number)

    def place(self, element: Any) -> str:
        """Say where an element stands."""
        return f"{self.file}, line {element.sourceline}"

    def refusal(self, element: Any, record: str, name: str, value: str, why: str, do: str) -> Refusal:
        """Say what could not be taken."""
        return Refusal(self.place(element), record, name, value, why, do)

    def mention(self, element: Any, record: Imported, value: str) -> Mention:
        """Name a record that another export describes."""
        why, do = "no record of the school fits, or several do", "Import the school's people and periods too."
        return Mention(
            record, self.refusal(element, record.external_id, type(record).__name__, value, why, do)
        )

    def mentions(self) -> Iterator[Item]:
        """Name the school, students (id-be is ELEVE_ID), subjects, teachers and periods."""
        school = School(**self.common("School", self.school), name=self.school, national_id=self.school)
        yield self.mention(self.root, school, self.school)
        for kind, container in MENTIONED.items():
            listed = list(children(self.root, "donnees", container, kind))
            numbers = Counter(attribute(one, "id") for one in listed)
            self.known[kind] = {one for one, number in numbers.items() if one and number == 1}
            for one in listed:
                yield Entry(kind, self.place(one))
                identity = attribute(one, "id") or ""
                if identity in self.known[kind]:
                    yield self.mention(one, *self._named(kind, identity, one))
                    yield Used()
                else:
                    why, do = "no id, or one that is there twice", "Export the bilans again."
                    yield self.refusal(one, identity, "id", identity, why, do)

    def _named(self, kind: str, identity: str, one: Any) -> tuple[Imported, str]:
        """Make the record that an element names, and what it is called."""
        if kind == "eleve":
            first_name, last_name = attribute(one, "prenom"), attribute(one, "nom") or "?"
            number = attribute(one, "id-be")
            student = Student(
                **self.common("Student", identity), first_name=first_name, last_name=last_name,
                information_system_id=number,
            )  # fmt: skip
            return student, f"{first_name} {last_name}"
        if kind == "discipline":
            code, label = attribute(one, "code-national") or attribute(one, "code"), attribute(one, "libelle")
            return Subject(**self.common("Subject", identity), code=code, name=label or "?"), label or ""
        if kind == "enseignant":
            staff = StaffMember(
                **self.common("StaffMember", identity), last_name=attribute(one, "nom") or "?",
                first_name=attribute(one, "prenom"), information_system_id=attribute(one, "id-sts"),
            )  # fmt: skip
            return staff, staff.last_name
        name = f"{PERIODS.get(one.get('nb-periodes') or '', 'Période')} {one.get('indice')}"
        days: dict[str, Any] = {"start_date": date.min, "end_date": date.min}
        return GradingPeriod(**self.common("GradingPeriod", identity), name=name, kind="OTHER", **days), name

    def averages(self) -> Iterator[Item]:
        """Yield the average of each student, period and subject."""
        listed = list(children(self.root, "donnees", *BILAN, "liste-acquis", "acquis"))
        numbers = Counter(_key(one) for one in listed)
        for one in listed:
            yield Entry("acquis", self.place(one))
            key = _key(one)
            record = ":".join(key)
            if dangling := self._dangling(one, record):
                yield dangling
            elif numbers[key] > 1:
                why, do = "this student has several averages of this period and subject", "Leave one."
                yield self.refusal(one, record, "discipline-ref", key[2], why, do)
            else:
                yield from self._average(one, record, *key)

    def _dangling(self, one: Any, record: str) -> Refusal | None:
        """Say which reference of an average leads to nothing."""
        names = {"eleve": "eleve-ref", "periode": "periode-ref", "discipline": "discipline-ref"}
        for (kind, name), value in zip(names.items(), _key(one), strict=True):
            if value not in self.known[kind]:
                why, do = "the file does not have what this refers to", "Export the bilans again."
                return self.refusal(one, record, name, value, why, do)
        return None

    def _average(self, one: Any, record: str, student: str, period: str, subject: str) -> Iterator[Item]:
        written, appreciation = attribute(one, "moyenne-eleve"), text(one, "appreciation")
        if written is None and appreciation is None:
            yield LeftOut("neither an average nor an appreciation")
            return
        average = _number(written)
        if written is not None and average is None:
            yield self._unreadable(one, record, "moyenne-eleve", written)
            return
        of_class = attribute(one, "moyenne-structure")
        compared = _number(of_class)
        if of_class is not None and compared is None:
            yield self._unreadable(one, record, "moyenne-structure", of_class)
        if average and compared and average[1] != compared[1]:
            why, do = "the average of the class is out of another number", "Correct the average."
            yield self.refusal(one, record, "moyenne-structure", of_class or "", why, do)
            compared = None
        teachers = (one.get("enseignant-refs") or "").split()
        for teacher in teachers:
            if teacher not in self.known["enseignant"]:
                why, do = "the file does not have what this refers to", "Export the bilans again."
                yield self.refusal(one, record, "enseignant-refs", teacher, why, do)
        value, out_of = average or (None, compared[1] if compared else 20.0)
        yield SubjectAverage(
            **self.common("SubjectAverage", record),
            student_id=self.common("Student", student)["id"],
            period_id=self.common("GradingPeriod", period)["id"],
            subject_id=self.common("Subject", subject)["id"],
            teacher_ids=[
                self.common("StaffMember", one)["id"] for one in teachers if one in self.known["enseignant"]
            ],
            value=value,
            out_of=out_of,
            class_average=compared[0] if compared else None,
            appreciation=appreciation,
        )

    def _unreadable(self, one: Any, record: str, name: str, value: str) -> Refusal:
        why, do = "no average, such as 12.5/20", "Correct the average in the software for grades."
        return self.refusal(one, record, name, value, why, do)

    def left_out(self) -> Iterator[Item]:
        """Announce what is not read: everything but averages and what they refer to."""
        for one, reason in self._unread():
            yield Entry(name_of(one), self.place(one))
            yield LeftOut(reason)

    def _unread(self) -> Iterator[tuple[Any, str]]:
        """Yield the elements of lists, and the bilans themselves, of which averages alone are read."""
        for one in self.root.iterfind("{*}donnees/*/*"):
            if name_of(one.getparent()) == BILAN[0]:
                yield one, "of bilans, only the averages and their appreciations are read"
            elif MENTIONED.get(name_of(one)) != name_of(one.getparent()):
                yield one, "only averages, and what they refer to, are read"


def _key(one: Any) -> tuple[str, str, str]:
    """Return whose average it is, of which period and subject."""
    bilan = one.getparent().getparent()
    return bilan.get("eleve-ref") or "", bilan.get("periode-ref") or "", one.get("discipline-ref") or ""


def _number(written: str | None) -> tuple[float, float] | None:
    """Read `9/20` or `11.5`; None where nothing is written, or no average."""
    found = AVERAGE.fullmatch("".join((written or "").split()))
    if found is None:
        return None
    value, out_of = (float((one or "20").replace(",", ".")) for one in found.groups())
    return (value, out_of) if out_of > 0 and value <= out_of else None
