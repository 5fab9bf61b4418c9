"""What the school hides is null for the client and still right behind it."""

from __future__ import annotations

from sqlalchemy import select, update

from adapters import records as r
from resolvers.viewer import Caller
from tests.conftest import Gateway

QUERY = "{ viewer { students { grades(first: 200) { nodes { coefficient countsInAverage } } } } }"


async def test_a_hidden_coefficient_of_zero_counts_nothing_and_stays_hidden(own_gateway: Gateway) -> None:
    people = own_gateway.people
    hiding = people.schools["9889902B"]
    student = next(one for one in sorted(people.students) if people.students[one] == hiding)
    grade, assessment = r.Grade.table(), r.Assessment.table()
    async with own_gateway.engine.connect() as connection:
        await connection.execution_options(writes=True)
        mine = select(grade.c.assessment_id).where(grade.c.student_id == student)
        await connection.execute(update(assessment).where(assessment.c.id.in_(mine)).values(coefficient=0))
        await connection.commit()
    data = await own_gateway.data(QUERY, Caller("STUDENT", student))
    nodes = data["viewer"]["students"][0]["grades"]["nodes"]
    assert {(one["coefficient"], one["countsInAverage"]) for one in nodes} == {(None, False)}


async def test_what_is_no_number_has_a_status_and_no_value(gateway: Gateway) -> None:
    query = """{ viewer { students {
      grades(first: 200, status: [ABSENT, NOT_SUBMITTED, LETTER, ABSENT_ZERO]) {
        nodes { status value valueOutOf20 displayValue countsInAverage weighting } } } } }"""
    seen = {}
    for student in sorted(gateway.people.students)[:25]:
        data = await gateway.data(query, Caller("STUDENT", student))
        for node in data["viewer"]["students"][0]["grades"]["nodes"]:
            if node["weighting"] == "NORMAL":
                found = (node["value"], node["valueOutOf20"], node["displayValue"], node["countsInAverage"])
                seen[node["status"]] = found
    assert seen == {
        "ABSENT": (None, None, "Abs", False),
        "NOT_SUBMITTED": (None, None, "N.Rdu", False),
        "LETTER": (None, None, "A+", False),
        "ABSENT_ZERO": (0.0, 0.0, "0", True),
    }
