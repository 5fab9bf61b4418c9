"""Guardians, their ties to students, and staff."""

from __future__ import annotations

from datetime import date as Date
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, type

from schema.edge import edge
from schema.interfaces import Node, Person
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.school import SchoolClass, Subject
    from schema.student import Student


@enum(description="Level of responsibility (SDET: niveau de responsabilité).")
class ResponsibilityLevel(Enum):
    LEGAL_GUARDIAN = enum_value("LEGAL_GUARDIAN", description="Legal guardian (responsable légal).")
    IN_CHARGE = enum_value(
        "IN_CHARGE", description="In charge of the student (personne en charge de l'élève)."
    )
    CONTACT = enum_value("CONTACT", description="Contact only.")
    UNKNOWN = enum_value("UNKNOWN", description="The source did not say.")


@enum(description="What the guardian is to the student (lien de parenté).")
class GuardianRelation(Enum):
    MOTHER = enum_value("MOTHER", description="Mother.")
    FATHER = enum_value("FATHER", description="Father.")
    LEGAL_TUTOR = enum_value("LEGAL_TUTOR", description="Legal tutor (tuteur).")
    GRANDPARENT = enum_value("GRANDPARENT", description="Grandparent.")
    SIBLING = enum_value("SIBLING", description="Brother or sister.")
    OTHER_RELATIVE = enum_value("OTHER_RELATIVE", description="Another relative.")
    FOSTER_CARER = enum_value("FOSTER_CARER", description="Foster carer (assistant familial).")
    CHILD_WELFARE_SERVICE = enum_value("CHILD_WELFARE_SERVICE", description="Child welfare service (ASE).")
    CHILDMINDER = enum_value("CHILDMINDER", description="Childminder.")
    TRUSTED_ADULT = enum_value("TRUSTED_ADULT", description="Adult trusted by the family.")
    SELF = enum_value("SELF", description="The student, of age.")
    OTHER = enum_value("OTHER", description="Another tie.")
    UNKNOWN = enum_value("UNKNOWN", description="The source did not say.")


@enum(description="What a guardian may do for one student.")
class GuardianPermission(Enum):
    READ_SCHOOL_DATA = enum_value("READ_SCHOOL_DATA", description="Read the school records.")
    MARK_HOMEWORK = enum_value("MARK_HOMEWORK", description="Mark homework as done.")
    JUSTIFY_ABSENCE = enum_value("JUSTIFY_ABSENCE", description="Justify absences.")
    DECLARE_ABSENCE = enum_value("DECLARE_ABSENCE", description="Announce absences.")
    SIGN_LIAISON_NOTE = enum_value("SIGN_LIAISON_NOTE", description="Sign the liaison book.")
    ACKNOWLEDGE_BEHAVIOUR = enum_value(
        "ACKNOWLEDGE_BEHAVIOUR", description="Acknowledge punishments and observations."
    )
    ANSWER_TRIP_CONSENT = enum_value("ANSWER_TRIP_CONSENT", description="Authorise trips.")
    SIGN_DOCUMENT = enum_value("SIGN_DOCUMENT", description="Sign documents.")
    SEND_MESSAGES = enum_value("SEND_MESSAGES", description="Write to the school.")
    VIEW_REPORT_CARDS = enum_value("VIEW_REPORT_CARDS", description="Read report cards.")
    GRANT_PARTNER_ACCESS = enum_value(
        "GRANT_PARTNER_ACCESS", description="Open the records to a partner tool."
    )


@enum(description="Boarding status (régime).")
class BoardingStatus(Enum):
    DAY_STUDENT = enum_value("DAY_STUDENT", description="Day student (externe).")
    HALF_BOARD = enum_value("HALF_BOARD", description="Eats at school (demi-pensionnaire).")
    FULL_BOARD = enum_value("FULL_BOARD", description="Boarder (interne).")
    UNKNOWN = enum_value("UNKNOWN", description="The source did not say.")


@enum(description="What a member of staff does.")
class StaffRole(Enum):
    TEACHER = enum_value("TEACHER", description="Teaches (enseignant).")
    SCHOOL_LIFE = enum_value("SCHOOL_LIFE", description="School life (CPE, AED).")
    MANAGEMENT = enum_value("MANAGEMENT", description="Management (direction).")
    ADMINISTRATION = enum_value("ADMINISTRATION", description="Administration (secrétariat, gestion).")
    HEALTH = enum_value("HEALTH", description="Health (infirmerie).")
    COUNSELLING = enum_value("COUNSELLING", description="Counselling (PsyEN, assistant social).")
    SUPPORT = enum_value("SUPPORT", description="Support (AESH, documentation).")
    OTHER = enum_value("OTHER", description="Another function.")


@type(description="A parent or any person responsible for a student.")
class Guardian(Node, Person, Sourced):
    title: str | None = field(description='Form of address as the source writes it: "Mme", "M.".')
    email: str | None = field(description="Visible to the guardian and to nobody else.")
    mobile_phone: str | None = field(description="Mobile number. Visible to the guardian only.")
    landline_phone: str | None = field(description="Landline number. Visible to the guardian only.")
    address: PostalAddress | None = field(description="Postal address. Visible to the guardian only.")

    @edge
    def guardianships(self) -> list[Guardianship] | None:
        """One entry per student: rights are per child, not per account."""
        ...

    @edge
    def students(self) -> list[Student] | None:
        """Shortcut over guardianships with data access."""
        ...

    preferred_language: str | None = field(description='Language for messages, BCP 47: "fr".')


@type(description="The tie between a guardian and a student, with its rights.")
class Guardianship:
    @edge
    def guardian(self) -> Guardian | None:
        """The guardian."""
        ...

    @edge
    def student(self) -> Student | None:
        """The student."""
        ...

    relation: GuardianRelation = field(description="What the guardian is to the student.")
    responsibility: ResponsibilityLevel = field(
        description="Level of responsibility (niveau de responsabilité)."
    )
    legal_rank: int | None = field(description="1 or 2 for legal guardians, null otherwise.")
    is_priority_contact: bool | None = field(description="First person to call.")
    is_emergency_contact: bool | None = field(description="May be called in an emergency.")
    lives_with_student: bool | None = field(description="The student lives with this guardian.")
    may_pick_up: bool | None = field(description="May fetch the student.")
    pays_fees: bool | None = field(description="Pays the school's fees (responsable financier).")
    receives_report_cards: bool | None = field(description="Gets the report cards.")
    accepts_email: bool | None = field(description="Agrees to e-mail.")
    accepts_sms: bool | None = field(description="Agrees to text messages.")
    has_data_access: bool = field(
        description="False hides every school record of this student from this guardian."
    )
    permissions: list[GuardianPermission] = field(description="What this guardian may do for this student.")
    valid_from: Date | None = field(description="First day of the tie, null when not limited.")
    valid_to: Date | None = field(description="Last day of the tie, null when not limited.")


@type(description="A postal address.")
class PostalAddress:
    lines: list[str] = field(description="Street lines, from top to bottom.")
    postal_code: str | None = field(description="Postal code.")
    city: str | None = field(description="Town.")
    country: str | None = field(description="Country as written by the source.")


@type(description="A teacher or any other member of the school's staff.")
class StaffMember(Node, Person, Sourced):
    title: str | None = field(description="Form of address as the source writes it.")
    role: StaffRole = field(description="What the person does at the school.")
    function_label: str | None = field(
        description="Function as written by the school (CPE, infirmière, gestionnaire...)."
    )

    @edge
    def subjects(self) -> list[Subject] | None:
        """Subjects taught."""
        ...

    @edge
    def is_main_teacher_of(self) -> list[SchoolClass] | None:
        """Classes of which the person is the main teacher."""
        ...

    email: str | None = field(description="Professional address, only when the school publishes it.")
    can_message: bool = field(description="The caller may start a conversation with this person.")
