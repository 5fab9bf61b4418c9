"""All templates by name."""

from __future__ import annotations

from adapters.templates.assessment import ASSESSMENT
from adapters.templates.columns import Template
from adapters.templates.communication import COMMUNICATION
from adapters.templates.learning import LEARNING
from adapters.templates.school_life import SCHOOL_LIFE

TEMPLATES: dict[str, Template] = {
    one.name: one for one in (*LEARNING, *ASSESSMENT, *SCHOOL_LIFE, *COMMUNICATION)
}
