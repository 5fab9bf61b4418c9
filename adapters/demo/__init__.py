"""A believable school: seeded people, and a school year for the people of any export."""
