"""Columns that several templates have."""

from __future__ import annotations

from adapters.templates.columns import Column

STUDENT = (
    Column(
        "student_number",
        "Number of the student in SIECLE (ELEVE_ID).",
        ("ELEVE_ID", "numéro élève", "n° élève"),
        "123456",
    ),
    Column("ine", "National number of the student; kept as a code only.", ("INE", "identifiant national")),
    Column("last_name", "Family name, where there is no number.", ("nom", "nom élève", "élève"), "MARTIN"),
    Column("first_name", "First name.", ("prénom", "prénom élève"), "Zoé"),
    Column(
        "birth_date",
        "Day of birth, to tell students of one name apart.",
        ("date de naissance", "né le", "naissance"),
    ),
)
CLASS = Column(
    "class",
    "Class or group of the student: nobody of another is meant.",
    ("classe", "division", "groupe"),
    "6A",
)
SUBJECT = Column("subject", "Name or code of the subject.", ("matière", "discipline"), "Mathématiques")
CLASSES = Column("classes", "Classes, apart by commas.", ("classe", "class", "division", "groupe"), "6A, 6B")
WHOLE_SCHOOL = Column(
    "whole_school", "`oui`: for the whole school.", ("tous", "établissement", "toute l'école")
)
TEACHER = Column(
    "teacher", "Teacher, as NAME Firstname.", ("enseignant", "professeur", "prof"), "DUPONT Marie"
)
TITLE = Column("title", "Title.", ("titre", "intitulé", "libellé", "objet"), required=True)
BODY = Column("description", "Text.", ("texte", "contenu", "détail", "corps", "message"))
START = Column(
    "start_time", "Time of day at which it begins.", ("heure début", "début", "heure", "de"), "08:15"
)
END = Column("end_time", "Time of day at which it ends.", ("heure fin", "fin", "à"), "09:10")
DAY = Column("date", "Day.", ("jour", "le"), "2026-11-23", required=True)
LAST_DAY = Column("end_date", "Last day, where it lasts longer.", ("date de fin", "au", "jusqu'au"))
