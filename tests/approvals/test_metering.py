"""What is watched is told to whoever watches, and goes on whatever they do."""

from __future__ import annotations

import pytest

from approvals.metering import Calling, End, Metering, Step


class Book:
    """Writes down how steps end."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str | None]] = []

    def begin(self, step: Step) -> End:
        assert isinstance(step, Calling)

        def end(word: str, failed: BaseException | None) -> None:
            self.lines.append((step.method, word, failed and type(failed).__name__))

        return end


class Broken:
    """Raises: at the beginning, or at the end."""

    def __init__(self, *, late: bool) -> None:
        self.late = late

    def begin(self, step: Step) -> End:
        if not self.late:
            raise RuntimeError("begin")

        def end(word: str, failed: BaseException | None) -> None:
            raise RuntimeError("end")

        return end


@pytest.mark.parametrize("others", [[], [Broken(late=False)], [Broken(late=True)]])
def test_a_step_is_told_with_its_word_and_what_it_raised(others: list[Broken]) -> None:
    """Done where nothing is said, failed where it raises; a meter that is broken disturbs neither it nor the others."""
    metering, book = Metering(), Book()
    for each in (*others, book, *others):
        metering.add(each)
    with metering.around(Calling("a")):
        pass
    with metering.around(Calling("b")) as said:
        said.word = "limited"
    with pytest.raises(KeyError), metering.around(Calling("c")):
        raise KeyError("ours")
    assert book.lines == [("a", "done", None), ("b", "limited", None), ("c", "failed", "KeyError")]
