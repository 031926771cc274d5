from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.tasks._base import Task

tasks: "Family[Task]" = Family("task", __name__, "Task")
