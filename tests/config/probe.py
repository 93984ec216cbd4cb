"""A worker's app for the tests: the real one, and a task whose run can be seen from outside."""

from pathlib import Path

from config.celery import app


@app.task(name="tests.write_line")
def write_line(path: str, line: str) -> None:
    """Writes the line into a FIFO, where a reader waits for it."""
    with Path(path).open("w", encoding="utf-8") as file:
        file.write(f"{line}\n")
