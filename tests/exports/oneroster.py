"""A small OneRoster export in both versions, and a delta to it."""

from __future__ import annotations

from pathlib import Path

HEAD = "sourcedId,status,dateLastModified"
FILES_11 = {
    "orgs": f"{HEAD},name,type,identifier,parentSourcedId\nd1,,,District,district,,\ns1,,,Ada Lovelace School,school,0750001A,d1\n",
    "academicSessions": f"{HEAD},title,type,startDate,endDate,parentSourcedId,schoolYear\n"
    "y1,,,2026-2027,schoolYear,2026-09-01,2027-06-30,,2027\nt1,,,Autumn,gradingPeriod,2026-09-01,2026-12-20,y1,2027\n",
    "courses": f"{HEAD},schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes\n"
    'c1,,,y1,Mathematics,MATH6,06,s1,"Mathematics","MA"\n',
    "classes": f"{HEAD},title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n"
    'k1,,,6A,06,c1,6A,homeroom,,s1,"y1,t1",,,\nk2,,,Lost,06,c1,X,homeroom,,nowhere,y1,,,\n',
    "users": f"{HEAD},enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n"
    'u1,,,true,s1,student,zoe,,Zoé,Martin,,5001,,,,"u2,u3,u9",06,\n'
    "u2,,,true,s1,parent,claire,,Claire,Martin,,,claire@example.org,0600000301,,,,\n"
    "u3,,,true,s1,relative,jeanne,,Jeanne,Martin,,,,,,,,\n"
    "u4,,,true,s1,teacher,marie,,Marie,Dupont,,4001,marie@example.org,,,,,\n"
    "u5,,,true,s1,wizard,merlin,,Merlin,Sage,,,,,,,,\n",
    "demographics": f"{HEAD},birthDate,sex\nu1,,,2014-03-05,female\n",
    "enrollments": f"{HEAD},classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
    "e1,,,k1,s1,u1,student,false,2026-09-01,\ne2,,,k1,s1,u4,teacher,true,,\n",
    "categories": f"{HEAD},title\ng1,,,Test\n",
    "lineItems": f"{HEAD},title,description,assignDate,dueDate,classSourcedId,categorySourcedId,gradingPeriodSourcedId,resultValueMin,resultValueMax\n"
    "l1,,,Fractions,,2026-11-02,2026-11-10,k1,g1,t1,0,20\nl2,,,Oral,,2026-11-02,2026-11-12,k1,g1,t1,0,10\n"
    "l3,,,Essay,,2026-11-02,2026-11-13,k1,g1,t1,0,10\n",
    "results": f"{HEAD},lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment\n"
    'r1,,,l1,u1,fully graded,15.5,2026-11-10,"Good, really"\nr2,,,l2,u1,exempt,,2026-11-12,\n'
    "r3,,,l3,u1,not submitted,,2026-11-13,\nr4,,,l9,u1,fully graded,1,2026-11-13,\n",
}


def version_1_1(folder: Path) -> Path:
    """Write the export in version 1.1."""
    return _write(folder / "roster11", "1.1", FILES_11, "bulk")


def changed(folder: Path, **changes: tuple[str, str]) -> Path:
    """Write version 1.1 with one piece of text changed in some of its files."""
    files = dict(FILES_11)
    for name, (before, after) in changes.items():
        assert before in files[name]
        files[name] = files[name].replace(before, after)
    return _write(folder / "changed", "1.1", files, "bulk")


def with_roles(folder: Path, *roles: str) -> Path:
    """Write version 1.2 with rows of roles.csv added: user, type, role, first day, last day, org."""
    folder = version_1_2(folder)
    with (folder / "roles.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"\nadded{number},,,{role}," for number, role in enumerate(roles))
    return folder


def version_1_2(folder: Path) -> Path:
    """Write the export in version 1.2: roles stand in a file of their own."""
    files = dict(FILES_11)
    head, *users = FILES_11["users"].strip().split("\n")
    names = head.split(",")
    org, role = names.index("orgSourcedIds"), names.index("role")
    roles = [f"{HEAD},userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId"]
    kept = []
    for line in users:
        parts = line.split(",")
        roles.append(f"o{parts[0]},,,{parts[0]},primary,{parts[role]},,,{parts[org]},")
        kept.append(",".join(one for index, one in enumerate(parts) if index not in (org, role)))
    files["users"] = "\n".join(
        [",".join(one for one in names if one not in ("orgSourcedIds", "role")), *kept]
    )
    files["roles"] = "\n".join(roles)
    text = FILES_11["results"].strip().split("\n")
    files["results"] = "\n".join([text[0] + ",textScore", *(one + "," for one in text[1:])])
    return _write(folder / "roster12", "1.2", files, "bulk")


def with_scales(folder: Path) -> Path:
    """Write version 1.2 with scales: one of a line item, and another of one of its results."""
    folder = version_1_2(folder)
    more = {
        "scoreScales": f"{HEAD},title,type,orgSourcedId,courseSourcedId,classSourcedId,scoreScaleValue\n"
        'z1,,,Letters,letter,s1,,k1,"{16-20:A},{12-15.99:B},{0-11.99:C}"\n'
        'z2,,,Words,word,s1,,k1,"{15.5:Très bien}, {Excellent:18}"\n'
        "z3,,,Damaged,word,s1,,k1,A to F\n",
        "lineItemScoreScales": f"{HEAD},lineItemSourcedId,scoreScaleSourcedId\ni1,,,l1,z1\ni2,,,l2,z9\n",
        "resultScoreScales": f"{HEAD},resultSourcedId,scoreScaleSourcedId\nj1,,,r1,z2\n",
        "results": f"{HEAD},lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment,textScore\n"
        "r1,,,l1,u1,fully graded,15.5,2026-11-10,,\nr2,,,l1,u1,fully graded,15.5,2026-11-10,,\n"
        "r3,,,l1,u1,fully graded,16,2026-11-10,,A-\nr4,,,l3,u1,fully graded,,2026-11-10,,B\n"
        "r5,,,l1,u1,fully graded,21,2026-11-10,,\n",
    }
    for name, text in more.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    with (folder / "manifest.csv").open("a", encoding="utf-8") as manifest:
        manifest.writelines(f"file.{name},bulk\n" for name in more if name != "results")
    return folder


def delta(folder: Path) -> Path:
    """Write a delta: a grade is corrected, one taken away, and Jeanne is no agent of Zoé any more."""
    files = {
        "users": FILES_11["users"].split("\n")[0]
        + '\nu1,active,2026-11-23T08:00:00Z,true,s1,student,zoe,,Zoé,Martin-Roy,,5001,,,,"u2",06,\n'
        + "u2,active,2026-11-23T08:00:00Z,true,s1,parent,claire,,Claire,Martin,,,claire@example.org,0600000301,,,,\n",
        "lineItems": FILES_11["lineItems"].replace(",,,", ",active,2026-11-23T08:00:00Z,", 1),
        "results": FILES_11["results"].split("\n")[0]
        + "\nr1,active,2026-11-23T08:00:00Z,l1,u1,fully graded,16,2026-11-10,\n"
        + "r2,tobedeleted,2026-11-23T08:00:00Z,l2,u1,exempt,,2026-11-12,\n",
        "classes": FILES_11["classes"].split("\nk2")[0] + "\n",
        "courses": FILES_11["courses"],
    }
    return _write(folder / "roster-delta", "1.1", files, "delta")


def _write(folder: Path, version: str, files: dict[str, str], mode: str) -> Path:
    folder.mkdir()
    rows = [
        "propertyName,value",
        "manifest.version,1.0",
        f"oneroster.version,{version}",
        "source.systemCode,sis",
    ]
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        rows.append(f"file.{name},{mode}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder
