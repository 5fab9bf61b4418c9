"""Averages and appreciations from LSU bilans (schema import-bilan-complet). See README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from adapters.base import NO_OPTIONS, Export, InvalidExport, Item, Mention, Options, Refusal
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
from adapters.xml_documents import attribute, children, document, only_file, text

PERIODS = {"2": "Semestre", "3": "Trimestre"}


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
        yield from bilans.mentions()
        yield from bilans.averages()
        yield bilans.size


class Bilans:
    """One file, opened."""

    def __init__(self, path: Path) -> None:
        file = only_file(path, "lsun-bilans", "LSU")
        self.file, self.size, self.root = file.name, file.size, document(file)
        head = next(children(self.root, "entete"), None)
        school = text(head, "etablissement") if head is not None else None
        if school is None:
            raise InvalidExport(f"{self.file}: entete/etablissement does not name the school.")
        self.school, self.source = school, f"lsu:{school}"

    def common(self, kind: str, key: str) -> dict[str, Any]:
        """Return the columns that every record has."""
        school = record_id(self.source, "School", self.school)
        return {
            "id": record_id(self.source, kind, key), "school_id": school, "source_id": self.source,
            "external_id": key,
        }  # fmt: skip

    def entries(self, container: str, name: str) -> Iterator[Any]:
        """Yield the elements of one list of `donnees`."""
        return children(self.root, "donnees", container, name)

    def mention(self, record: Imported, value: str) -> Mention:
        """Name a record that another export describes."""
        why, do = "no record of the school fits, or several do", "Import the school's people and periods too."
        return Mention(record, Refusal(self.file, record.external_id, type(record).__name__, value, why, do))

    def mentions(self) -> Iterator[Item]:
        """Name the school, students (id-be is ELEVE_ID), subjects, teachers and periods."""
        school = School(**self.common("School", self.school), name=self.school, national_id=self.school)
        yield self.mention(school, self.school)
        for one in self.entries("eleves", "eleve"):
            first_name, last_name = attribute(one, "prenom"), attribute(one, "nom") or "?"
            number = attribute(one, "id-be")
            student = Student(
                **self.common("Student", one.get("id") or ""),
                first_name=first_name,
                last_name=last_name,
                information_system_id=number,
            )
            yield self.mention(student, f"{first_name} {last_name}")
        for one in self.entries("disciplines", "discipline"):
            code, label = attribute(one, "code-national") or attribute(one, "code"), attribute(one, "libelle")
            subject = Subject(**self.common("Subject", one.get("id") or ""), code=code, name=label or "?")
            yield self.mention(subject, label or "")
        for one in self.entries("enseignants", "enseignant"):
            staff = StaffMember(
                **self.common("StaffMember", one.get("id") or ""), last_name=attribute(one, "nom") or "?",
                first_name=attribute(one, "prenom"), information_system_id=attribute(one, "id-sts"),
            )  # fmt: skip
            yield self.mention(staff, staff.last_name)
        for one in self.entries("periodes", "periode"):
            name = f"{PERIODS.get(one.get('nb-periodes') or '', 'Période')} {one.get('indice')}"
            days: dict[str, Any] = {"start_date": date.min, "end_date": date.min}
            period = GradingPeriod(
                **self.common("GradingPeriod", one.get("id") or ""), name=name, kind="OTHER", **days
            )
            yield self.mention(period, name)

    def averages(self) -> Iterator[Item]:
        """Yield the average of each student, period and subject."""
        for bilan in self.entries("bilans-periodiques", "bilan-periodique"):
            student, period = bilan.get("eleve-ref") or "", bilan.get("periode-ref") or ""
            for one in children(bilan, "liste-acquis", "acquis"):
                subject = one.get("discipline-ref") or ""
                value, out_of = _average(attribute(one, "moyenne-eleve"))
                if value is None:
                    continue
                teachers = (one.get("enseignant-refs") or "").split()
                yield SubjectAverage(
                    **self.common("SubjectAverage", f"{student}:{period}:{subject}"),
                    student_id=self.common("Student", student)["id"],
                    period_id=self.common("GradingPeriod", period)["id"],
                    subject_id=self.common("Subject", subject)["id"],
                    teacher_ids=[self.common("StaffMember", teacher)["id"] for teacher in teachers],
                    value=value,
                    out_of=out_of,
                    class_average=_average(attribute(one, "moyenne-structure"))[0],
                    appreciation=text(one, "appreciation"),
                )


def _average(written: str | None) -> tuple[float | None, float]:
    """Read `9/20` or `11.5`."""
    value, _, out_of = (written or "").partition("/")
    try:
        return float(value), float(out_of or 20)
    except ValueError:
        return None, 20.0
