-- The operations as PostGraphile makes a schema of them: types, and a function for each edge.
DROP SCHEMA IF EXISTS graphile CASCADE;
CREATE SCHEMA graphile;
CREATE TYPE graphile.named AS (name varchar);
CREATE TYPE graphile.labelled AS (label varchar);
CREATE TYPE graphile.viewer AS (guardian varchar);
CREATE TYPE graphile.student AS (id varchar, display_name varchar, school_class graphile.named);
CREATE TYPE graphile.timetable AS (student varchar, lower date, upper date);
CREATE TYPE graphile.lesson AS (title varchar, starts_at varchar, ends_at varchar, status varchar, subject graphile.named);
CREATE TYPE graphile.homework AS (due_date date, title varchar, is_done boolean, subject graphile.named);
CREATE TYPE graphile.grade AS
  (date date, display_value varchar, value float8, out_of float8, status varchar, subject graphile.named);
CREATE TYPE graphile.absence AS
  (kind varchar, starts_at varchar, justification_status varchar, reason graphile.labelled);
CREATE TYPE graphile.conversation AS (subject varchar, unread_count int);
CREATE TYPE graphile.news_item AS (title varchar, published_at varchar, is_read boolean);

CREATE FUNCTION graphile.shown(at timestamptz) RETURNS varchar LANGUAGE sql STABLE
  RETURN to_char(at, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM');
CREATE FUNCTION graphile.subject_of(key varchar) RETURNS graphile.named LANGUAGE sql STABLE
  AS $$ SELECT ROW(name)::graphile.named FROM public.subject WHERE id = key $$;
CREATE FUNCTION graphile.guardian() RETURNS varchar LANGUAGE sql STABLE
  RETURN current_setting('graphile.guardian');
CREATE FUNCTION graphile.now() RETURNS timestamptz LANGUAGE sql STABLE
  RETURN current_setting('graphile.now')::timestamptz;

CREATE FUNCTION graphile.viewer() RETURNS graphile.viewer LANGUAGE sql STABLE
  AS $$ SELECT ROW(graphile.guardian())::graphile.viewer $$;
CREATE FUNCTION graphile.viewer_students(v graphile.viewer) RETURNS SETOF graphile.student LANGUAGE sql STABLE AS $$
  SELECT s.id, s.first_name || ' ' || s.last_name,
    (SELECT ROW(c.name)::graphile.named FROM public.enrolment e JOIN public.school_class c ON c.id = e.class_id
      WHERE e.student_id = s.id AND e.ended_at IS NULL AND c.class_type = 'HOMEROOM' AND c.ended_at IS NULL
      ORDER BY c.name, c.id LIMIT 1)
  FROM public.guardianship g JOIN public.student s ON s.id = g.student_id
  WHERE g.guardian_id = v.guardian AND g.has_data_access AND g.ended_at IS NULL AND s.ended_at IS NULL
    AND (g.valid_from IS NULL OR g.valid_from <= graphile.now()::date)
    AND (g.valid_to IS NULL OR g.valid_to >= graphile.now()::date)
  ORDER BY s.id $$;
CREATE FUNCTION graphile.student_timetable(s graphile.student, "from" date, "to" date) RETURNS graphile.timetable
  LANGUAGE sql STABLE AS $$ SELECT ROW(s.id, "from", "to")::graphile.timetable $$;
CREATE FUNCTION graphile.addressed(student varchar, record varchar, lower date, upper date) RETURNS SETOF varchar
  LANGUAGE sql STABLE AS $$
  SELECT DISTINCT a.record_id FROM public.enrolment e
  JOIN LATERAL (SELECT record_id FROM public.audience a WHERE a.audience_id = e.class_id AND a.record_kind = record
    AND a.date BETWEEN lower AND upper AND (e.start_date IS NULL OR e.start_date <= a.date)
    AND (e.end_date IS NULL OR e.end_date >= a.date) OFFSET 0) a ON true
  WHERE e.student_id = student AND e.ended_at IS NULL $$;
CREATE FUNCTION graphile.timetable_lessons(t graphile.timetable) RETURNS SETOF graphile.lesson LANGUAGE sql STABLE AS $$
  SELECT l.title, graphile.shown(l.starts_at), graphile.shown(l.ends_at), l.status, graphile.subject_of(l.subject_id)
  FROM graphile.addressed(t.student, 'lesson', t.lower, t.upper) AS m(id) JOIN public.lesson l ON l.id = m.id
  WHERE l.ended_at IS NULL AND NOT l.is_superseded ORDER BY l.starts_at, l.id $$;
CREATE FUNCTION graphile.student_homework(s graphile.student, "from" date, "to" date) RETURNS SETOF graphile.homework
  LANGUAGE sql STABLE AS $$
  SELECT h.date, h.title, coalesce(p.status = 'DONE', false), graphile.subject_of(h.subject_id)
  FROM graphile.addressed(s.id, 'homework', "from", "to") AS m(id) JOIN public.homework h ON h.id = m.id
  LEFT JOIN public.homework_progress p ON p.homework_id = h.id AND p.student_id = s.id AND p.ended_at IS NULL
  WHERE h.ended_at IS NULL AND (h.published_at IS NULL OR h.published_at <= graphile.now())
  ORDER BY h.date, h.id $$;
CREATE FUNCTION graphile.student_grades(s graphile.student) RETURNS SETOF graphile.grade LANGUAGE sql STABLE AS $$
  SELECT g.date, g.display_value,
    CASE WHEN g.status IN ('GRADED', 'ABSENT_ZERO', 'NOT_SUBMITTED_ZERO') THEN g.value END,
    (SELECT a.out_of FROM public.assessment a WHERE a.id = g.assessment_id), g.status,
    graphile.subject_of(g.subject_id)
  FROM public.grade g WHERE g.student_id = s.id AND g.ended_at IS NULL
    AND (g.published_at IS NULL OR g.published_at <= graphile.now()) ORDER BY g.date DESC, g.id DESC $$;
CREATE FUNCTION graphile.student_absences(s graphile.student) RETURNS SETOF graphile.absence LANGUAGE sql STABLE AS $$
  SELECT a.kind, graphile.shown(a.starts_at), a.justification_status,
    (SELECT ROW(r.label)::graphile.labelled FROM public.absence_reason r WHERE r.id = a.reason_id)
  FROM public.absence a WHERE a.student_id = s.id AND a.ended_at IS NULL ORDER BY a.date DESC, a.id DESC $$;
CREATE FUNCTION graphile.conversations() RETURNS SETOF graphile.conversation LANGUAGE sql STABLE AS $$
  SELECT c.subject, p.unread_count FROM public.participant p JOIN public.conversation c ON c.id = p.conversation_id
  WHERE p.person_id = graphile.guardian() AND p.folder = 'INBOX' AND p.ended_at IS NULL
  ORDER BY p.last_message_at DESC, p.conversation_id DESC $$;
CREATE FUNCTION graphile.news() RETURNS SETOF graphile.news_item LANGUAGE sql STABLE AS $$
  SELECT n.title, graphile.shown(n.published_at), r.id IS NOT NULL FROM public.news_item n
  LEFT JOIN public.news_read r ON r.news_id = n.id AND r.person_id = graphile.guardian()
  WHERE n.id IN (SELECT a.record_id FROM graphile.viewer_students(ROW(graphile.guardian())::graphile.viewer) s
    JOIN public.enrolment e ON e.student_id = s.id AND e.ended_at IS NULL
    JOIN public.audience a ON a.audience_id = e.class_id AND a.record_kind = 'news_item'
    WHERE (e.start_date IS NULL OR e.start_date <= a.date) AND (e.end_date IS NULL OR e.end_date >= a.date))
  AND n.ended_at IS NULL AND n.published_at <= graphile.now()
  AND (n.visible_from IS NULL OR n.visible_from <= graphile.now())
  AND (n.visible_to IS NULL OR n.visible_to >= graphile.now())
  ORDER BY n.is_headline DESC, n.published_at DESC, n.id DESC $$;
COMMENT ON FUNCTION graphile.viewer_students IS '@behavior -connection +list';
COMMENT ON FUNCTION graphile.timetable_lessons IS '@behavior -connection +list';
COMMENT ON FUNCTION graphile.shown IS '@behavior -*';
COMMENT ON FUNCTION graphile.subject_of IS '@behavior -*';
COMMENT ON FUNCTION graphile.addressed IS '@behavior -*';
