"""Awkward pieces of exports, and what is asked of the graph that they give."""

OLD = """<?xml version="1.0" encoding="ISO-8859-1"?>
<BEE_ELEVES VERSION="1.7"><PARAMETRES><UAJ>9741234A</UAJ></PARAMETRES><DONNEES><ELEVES>
<ELEVE ELENOET="1" ELEVE_ID="11"><ID_NATIONAL>1234567890A</ID_NATIONAL><NOM>PAYET</NOM><PRENOM>Maël</PRENOM>
<DATE_NAISS>01/02/2013</DATE_NAISS><CODE_REGIME>3</CODE_REGIME><DATE_ENTREE>01/09/2026</DATE_ENTREE>
<DATE_SORTIE>15/10/2026</DATE_SORTIE></ELEVE>
<ELEVE ELENOET="2" ELEVE_ID="12"><NOM>HOARAU</NOM><PRENOM>Lina</PRENOM><DATE_NAISS>31/02/2013</DATE_NAISS></ELEVE>
<ELEVE ELENOET="3"><NOM>SANS</NOM></ELEVE></ELEVES>
<STRUCTURES><STRUCTURES_ELEVE ELEVE_ID="11"><STRUCTURE><CODE_STRUCTURE>5A</CODE_STRUCTURE>
<TYPE_STRUCTURE>D</TYPE_STRUCTURE></STRUCTURE><STRUCTURE><CODE_STRUCTURE>5A ESP</CODE_STRUCTURE>
<TYPE_STRUCTURE>G</TYPE_STRUCTURE></STRUCTURE></STRUCTURES_ELEVE>
<STRUCTURES_ELEVE ELEVE_ID="99"><STRUCTURE><CODE_STRUCTURE>5A</CODE_STRUCTURE><TYPE_STRUCTURE>D</TYPE_STRUCTURE>
</STRUCTURE></STRUCTURES_ELEVE></STRUCTURES></DONNEES></BEE_ELEVES>"""

OLD_GUARDIANS = """<?xml version="1.0" encoding="ISO-8859-1"?>
<BEE_RESPONSABLES><PARAMETRES><UAJ>9741234A</UAJ></PARAMETRES><DONNEES><PERSONNES>
<PERSONNE PERSONNE_ID="1"><NOM>PAYET</NOM><PRENOM>Rose</PRENOM><LC_CIVILITE>MME</LC_CIVILITE></PERSONNE>
<PERSONNE PERSONNE_ID="2"><NOM>PAYET</NOM><PRENOM>Jean</PRENOM><LC_CIVILITE>M.</LC_CIVILITE></PERSONNE>
<PERSONNE PERSONNE_ID="3"><NOM>PAYET</NOM><PRENOM>Max</PRENOM></PERSONNE></PERSONNES><RESPONSABLES>
<RESPONSABLE_ELEVE><ELEVE_ID>11</ELEVE_ID><PERSONNE_ID>1</PERSONNE_ID><RESP_LEGAL>1</RESP_LEGAL>
<CODE_PARENTE>2</CODE_PARENTE><RESP_FINANCIER>1</RESP_FINANCIER><PERS_CONTACT>1</PERS_CONTACT></RESPONSABLE_ELEVE>
<RESPONSABLE_ELEVE><ELEVE_ID>11</ELEVE_ID><PERSONNE_ID>2</PERSONNE_ID><RESP_LEGAL>2</RESP_LEGAL>
<CODE_PARENTE>1</CODE_PARENTE></RESPONSABLE_ELEVE>
<RESPONSABLE_ELEVE><ELEVE_ID>11</ELEVE_ID><PERSONNE_ID>3</PERSONNE_ID><RESP_LEGAL>0</RESP_LEGAL>
<CODE_PARENTE>4</CODE_PARENTE></RESPONSABLE_ELEVE></RESPONSABLES></DONNEES></BEE_RESPONSABLES>"""

FLAT = """<?xml version="1.0" encoding="UTF-8"?><ExportEmploiDuTemps>
<AnneeScolaire DatePremierJourSemaine1="2026-08-31"/><GrilleHoraire DureePlace="60">
<Place Numero="0" LibelleHeureDebut="08h00" LibelleHeureFin="09h00"/></GrilleHoraire>
<Matiere Ident="1" Code="EPS" Libelle="SPORT"/><Classe Ident="1" Nom="6A"><PartieDeClasse Ident="5"/></Classe>
<Eleve Ident="1" Nom="MARTIN" Prenom="Zoé" DateNaissance="2014-03-05"><Classe Ident="1"/>
<PartieDeClasse Ident="5" DateEntree="2026-09-01" DateSortie="2027-07-01"/></Eleve>
<Eleve Ident="2" Nom="DURAND" Prenom="Inès" DateNaissance="x"><Classe Ident="9"/></Eleve>
<Cours><Cours Ident="1" Jour="3" NumeroPlaceDebut="0" NombrePlaces="1"><Matiere Ident="1"/>
<PartieDeClasse Ident="5" SemainesInclusion="2"/><Classe Ident="1" Semaines="99999999999999999999999"/></Cours></Cours>
</ExportEmploiDuTemps>"""

REPEATED = """BEGIN:VEVENT
UID:m
DTSTART:20261102T080000
DTEND:20261102T090000
RRULE:FREQ=WEEKLY;COUNT=4
EXDATE:20261109T080000
SUMMARY:Maths - M. X
LOCATION:B12
END:VEVENT
BEGIN:VEVENT
UID:m
RECURRENCE-ID:20261116T080000
DTSTART:20261117T140000
DTEND:20261117T150000
SUMMARY:Prof. absent - Maths
END:VEVENT
BEGIN:VEVENT
UID:utc
DTSTART:20260907T060000Z
DTEND:20260907T070000Z
STATUS:CANCELLED
SUMMARY:Anglais
END:VEVENT
BEGIN:VEVENT
UID:day
DTSTART;VALUE=DATE:20261111
SUMMARY:Férié
END:VEVENT
BEGIN:VEVENT
UID:endless
DTSTART:20261111T080000Z
RRULE:FREQ=SECONDLY
SUMMARY:Bomb
END:VEVENT
BEGIN:VEVENT
UID:broken
DTSTART:soon
SUMMARY:Some day
END:VEVENT
"""

ROSTER = """{ viewer { students { displayName dateOfBirth gradeLevel school { name nationalId } schoolClass { name }
    mainTeachers { displayName } guardianships { relation hasDataAccess guardian { displayName } }
    grades(first: 9) { nodes { title date status value displayValue outOf comment subject { name } period { name } } } } } }"""

OLD_FAMILY = """{ viewer { students { displayName dateOfBirth boardingStatus enrolledFrom enrolledTo
    schoolClass { name } groups { name } school { name timeZone }
    guardianships { relation responsibility legalRank hasDataAccess guardian { displayName } } } } }"""
OLD_FAMILY_ANSWER = {
    "displayName": "Maël PAYET", "dateOfBirth": "2013-02-01", "boardingStatus": "FULL_BOARD",
    "enrolledFrom": "2026-09-01", "enrolledTo": "2026-10-15", "schoolClass": {"name": "5A"},
    "groups": [{"name": "5A ESP"}], "school": {"name": "9741234A", "timeZone": "Indian/Reunion"},
    "guardianships": [
        {"relation": "FATHER", "responsibility": "LEGAL_GUARDIAN", "legalRank": 2, "hasDataAccess": True, "guardian": {"displayName": "Jean PAYET"}},
        {"relation": "MOTHER", "responsibility": "LEGAL_GUARDIAN", "legalRank": 1, "hasDataAccess": True, "guardian": {"displayName": "Rose PAYET"}},
        {"relation": "OTHER_RELATIVE", "responsibility": "CONTACT", "legalRank": None, "hasDataAccess": False, "guardian": {"displayName": "Max PAYET"}},
    ],
}  # fmt: skip
WEEKS = """{ viewer { students { displayName groups { name } timetable(from: "2026-11-16", to: "2026-11-24") {
    lessons { startsAt status rooms { name } groups { name } } } } } }"""
WEEKS_ANSWER = [
    {"startsAt": "2026-11-16T08:00:00+01:00", "status": "SCHEDULED", "rooms": [{"name": "B12"}], "groups": []},
    {"startsAt": "2026-11-17T09:00:00+01:00", "status": "SCHEDULED", "rooms": [{"name": "C3"}], "groups": [{"name": "6ALL1"}]},
    {"startsAt": "2026-11-23T08:00:00+01:00", "status": "CANCELLED", "rooms": [{"name": "B12"}], "groups": []},
    {"startsAt": "2026-11-24T09:00:00+01:00", "status": "SCHEDULED", "rooms": [{"name": "B12"}], "groups": [{"name": "6ALL1"}]},
]  # fmt: skip
NOTHING = {
    "date": None,
    "comment": None,
    "value": None,
    "outOf": 10.0,
    "subject": {"name": "Mathematics"},
    "period": {"name": "Autumn"},
}
ROSTER_ANSWER = {
    "displayName": "Zoé Martin", "dateOfBirth": "2014-03-05", "gradeLevel": "06",
    "school": {"name": "Ada Lovelace School", "nationalId": "0750001A"}, "schoolClass": {"name": "6A"},
    "mainTeachers": [{"displayName": "Marie Dupont"}],
    "guardianships": [
        {"relation": "OTHER_RELATIVE", "hasDataAccess": False, "guardian": {"displayName": "Jeanne Martin"}},
        {"relation": "UNKNOWN", "hasDataAccess": True, "guardian": {"displayName": "Claire Martin"}},
    ],
    "grades": {"nodes": [
        {**NOTHING, "title": "Essay", "date": "2026-11-13", "status": "NOT_SUBMITTED", "displayValue": "Non rendu"},
        {**NOTHING, "title": "Oral", "date": "2026-11-12", "status": "EXEMPTED", "displayValue": "Disp"},
        {**NOTHING, "title": "Fractions", "date": "2026-11-10", "status": "GRADED", "value": 15.5, "displayValue": "15.5", "outOf": 20.0, "comment": "Good, really"},
    ]},
}  # fmt: skip
