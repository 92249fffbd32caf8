"""What the demo's course is made of: who takes part, and what is assigned when."""

from __future__ import annotations

from datetime import timedelta

from server.models import Role

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CODE = "demo"

FIRST = (
    "Alice", "Antônio", "Beatriz", "Bruno", "Camila", "Cauã", "Clara", "Daniel", "Débora", "Eduardo", "Elisa",
    "Fábio", "Fernanda", "Gabriel", "Giovana", "Heitor", "Helena", "Igor", "Isabela", "João", "Júlia", "Kauê",
    "Larissa", "Lucas", "Luísa", "Marcos", "Mariana", "Miguel", "Natália", "Otávio", "Paula", "Pedro", "Rafaela",
    "Renato", "Sofia", "Tiago", "Valéria", "Vítor", "Yara",
)  # fmt: skip
LAST = ("Almeida", "Barros", "Cardoso", "Duarte", "Esteves", "Ferraz", "Guimarães", "Lima", "Moreira", "Nogueira")

#: exercise -> days until it is due, students in a hundred who hand something in, attempts at most
PLAN = {
    "sigmoid": (-21, 97, 4),
    "cross_entropy": (-14, 92, 4),
    "backprop": (-7, 85, 3),
    "early_stopping": (3, 60, 2),
    "cnn": (10, 20, 1),
}

#: login, name, role in the portal
STAFF = (
    ("admin", "Administração", Role.ADMINISTRATOR),
    ("professora", "Professora", Role.INSTRUCTOR),
    ("monitor", "Monitor", Role.STUDENT),
    ("aluna", "Aluna", Role.STUDENT),
)
