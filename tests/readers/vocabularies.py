"""Words and numbers for the better of two responses, as forms, judges and sheets write them."""

from __future__ import annotations

from readers.campaigns import Vocabulary

#: Words for the first response, the second, a tie, both bad, no vote.
WORDS = {
    "A": Vocabulary(("A",), ("B",), ("tie",)),
    "a": Vocabulary(("a",), ("b",), ("tie",)),
    "padded": Vocabulary((" A ",), ("B ",), (" tie",)),
    "one case each": Vocabulary(("A", "a"), ("b", "B"), ("TIE", "tie")),
    "A, C is a tie": Vocabulary(("A",), ("B",), ("C",)),
    "brackets": Vocabulary(("[[A]]",), ("[[B]]",), ("[[C]]",)),
    "one bracket": Vocabulary(("[A]",), ("[B]",), ("[C]",)),
    "Response A": Vocabulary(("Response A",), ("Response B",), ("Tie",)),
    "response_a": Vocabulary(("response_a",), ("response_b",), ("tie",)),
    "model_a": Vocabulary(("model_a",), ("model_b",), ("tie",), ("tie (bothbad)",)),
    "model_a, both_bad": Vocabulary(("model_a",), ("model_b",), ("tie",), ("both_bad",)),
    "model_a, bothbad": Vocabulary(("model_a",), ("model_b",), ("tie",), ("bothbad",)),
    "Model A wins": Vocabulary(("Model A wins",), ("Model B wins",), ("Draw",)),
    "A wins": Vocabulary(("A wins",), ("B wins",), ("It's a tie",)),
    "Assistant A": Vocabulary(("Assistant A",), ("Assistant B",), ("Tie",)),
    "Option 1": Vocabulary(("Option 1",), ("Option 2",), ("Neither",)),
    "Answer 2": Vocabulary(("Answer 1",), ("Answer 2",), ("Both",)),
    "Output (a)": Vocabulary(("Output (a)",), ("Output (b)",)),
    "response_1": Vocabulary(("response_1",), ("response_2",), ("tie",)),
    "Response 1": Vocabulary(("Response 1",), ("Response 2",), ("Equal",)),
    "left": Vocabulary(("left",), ("right",), ("tie",)),
    "Left": Vocabulary(("Left",), ("Right",), ("Equal",)),
    "LEFT, about the same": Vocabulary(("LEFT",), ("RIGHT",), ("ABOUT THE SAME",)),
    "1st": Vocabulary(("1st",), ("2nd",), ("draw",)),
    "first": Vocabulary(("first",), ("second",), ("equal",)),
    "The first one": Vocabulary(("The first one",), ("The second one",), ("The same",)),
    "prefer A": Vocabulary(("prefer A",), ("prefer B",), ("no preference",)),
    "I prefer": Vocabulary(("I prefer response A",), ("I prefer response B",), ("I have no preference",)),
    "A is better": Vocabulary(("A is better",), ("B is better",), ("Both are equally good",), ("Both are bad",)),
    "Response A is better": Vocabulary(
        ("Response A is better",), ("Response B is better",), ("About the same",), ("Neither is good",)
    ),
    "A is better than B": Vocabulary(
        ("A is clearly better than B", "A is slightly better than B"),
        ("B is clearly better than A", "B is slightly better than A"),
        ("A and B are about the same",),
    ),
    "graded": Vocabulary(
        ("A is much better", "A is slightly better"), ("B is slightly better", "B is much better"), ("About The Same",)
    ),
    "graded, comma": Vocabulary(
        ("A, much better", "A, slightly better"), ("B, slightly better", "B, much better"), ("Neutral",)
    ),
    "A-is-clearly-better": Vocabulary(
        ("A-is-clearly-better", "A-is-slightly-better"), ("B-is-clearly-better", "B-is-slightly-better"), ("Tie",)
    ),
    "worse": Vocabulary(("B is worse",), ("A is worse",), ("tie",)),
    "much worse": Vocabulary(("Response B is much worse",), ("Response A is much worse",), ("equally bad",)),
    "worse than": Vocabulary(("B is worse than A",), ("A is worse than B",), ("A is as good as B",)),
    "not as good": Vocabulary(("B is not as good as A",), ("A is not as good as B",), ("same",)),
    "not": Vocabulary(("not B",), ("not A",), ("tie",)),
    "loses": Vocabulary(("B loses",), ("A loses",), ("tie",)),
    "A>B": Vocabulary(("A>B",), ("B>A",), ("A=B",)),
    "A > B": Vocabulary(("A > B",), ("B > A",), ("A = B",)),
    "A>>B": Vocabulary(("A>>B", "A>B"), ("B>A", "B>>A"), ("A=B",)),
    "A>>B in brackets": Vocabulary(("[[A>>B]]", "[[A>B]]"), ("[[B>A]]", "[[B>>A]]"), ("[[A=B]]",)),
    "A<B": Vocabulary(("B<A", "A>B"), ("A<B", "A<<B"), ("A==B", "A~B")),
    "win": Vocabulary(("A win",), ("B win",), ("A tie B",)),
    "equal words": Vocabulary(("A",), ("B",), ("equal", "equally good")),
    "no preference": Vocabulary(("A",), ("B",), ("No preference", "no difference")),
    "neutral": Vocabulary(("A",), ("B",), ("neutral", "Neutral")),
    "both good": Vocabulary(("A",), ("B",), ("both good",), ("both bad",)),
    "Both Good": Vocabulary(("A",), ("B",), ("Both Good",), ("Both Bad",)),
    "neither": Vocabulary(("A",), ("B",), ("both",), ("neither",)),
    "skip": Vocabulary(("A",), ("B",), ("tie",), (), ("skip",)),
    "skipped": Vocabulary(("A",), ("B",), ("tie",), (), ("skipped",)),
    "N/A": Vocabulary(("A",), ("B",), ("tie",), (), ("N/A",)),
    "n/a": Vocabulary(("a",), ("b",), ("tie",), (), ("n/a",)),
    "empty": Vocabulary(("A",), ("B",), ("tie",), (), ("",)),
    "null": Vocabulary(("A",), ("B",), ("tie",), (), (None,)),
    "unsure": Vocabulary(("A",), ("B",), ("tie",), (), ("unsure",)),
    "cannot decide": Vocabulary(("left",), ("right",), ("same",), (), ("Can't decide",)),
    "-": Vocabulary(("A",), ("B",), ("tie",), (), ("-",)),
    "error": Vocabulary(("A",), ("B",), ("tie",), (), ("error",)),
    "own column": Vocabulary(("{first_column}",), ("{second_column}",), ("tie",)),
    "own text": Vocabulary(("{first_text}",), ("{second_text}",), ("tie",)),
    "own model": Vocabulary(("{first_model}",), ("{second_model}",), ("tie",)),
    "own model, both bad": Vocabulary(("{first_model}",), ("{second_model}",), ("tie",), ("both_bad",)),
    "links": Vocabulary(("links",), ("rechts",), ("gleich",)),
    "Links": Vocabulary(("Links",), ("Rechts",), ("Unentschieden",)),
    "Antwort A": Vocabulary(("Antwort A",), ("Antwort B",), ("gleich gut",), ("beide schlecht",)),
    "A ist besser": Vocabulary(("A ist besser",), ("B ist besser",), ("keine Präferenz",)),
    "gauche": Vocabulary(("gauche",), ("droite",), ("égal",)),
    "Réponse A": Vocabulary(("Réponse A",), ("Réponse B",), ("égalité",), ("aucune",)),
    "izquierda": Vocabulary(("izquierda",), ("derecha",), ("igual",)),
    "Respuesta A": Vocabulary(("Respuesta A",), ("Respuesta B",), ("empate",), ("ninguna",)),
    "yes": Vocabulary(("yes",), ("no",)),
    "true": Vocabulary((True,), (False,)),
    "X and Y": Vocabulary(("X",), ("Y",), ("Z",)),
    "win, lose": Vocabulary(("win",), ("lose",), ("tie",)),
}
#: Words that name a side as the columns do, or by its place: read at once with all columns.
PLAIN = ("left", "Left", "first", "own column", "own text")
#: Words that name a side by the letter that its column has: read at once where columns end in a and b.
LETTERS = ("A", "a", "padded", "one case each", "A>B", "A is better", "both good", "skip", "N/A", "empty", "null")
LETTERED = ("response_a", "model_a", "model_a-and-texts", "Response A", "answer_a", "completion_a")


def graded(values: str) -> Vocabulary:
    """Numbers of a scale in turn, as "-3 -2 | 2 3 | 0" for first, second and tie."""
    sides = [tuple(float(one) if "." in one else int(one) for one in side.split()) for side in values.split("|")]
    return Vocabulary(*sides)


#: Numbers, whose meaning is known at most from the names of the two columns (see COUNTED).
NUMBERS = {
    "0/1": graded("0 | 1"),
    "1/0": graded("1 | 0"),
    "1/2": graded("1 | 2"),
    "2/1": graded("2 | 1"),
    "1/2, 0 tie": graded("1 | 2 | 0"),
    "1/2, 3 tie": graded("1 | 2 | 3"),
    "0/1, 2 tie": graded("0 | 1 | 2"),
    "1/0, 2 tie": graded("1 | 0 | 2"),
    "0/2, 1 tie": graded("0 | 2 | 1"),
    "2/0, 1 tie": graded("2 | 0 | 1"),
    "-1/1, 0 tie": graded("-1 | 1 | 0"),
    "1/-1, 0 tie": graded("1 | -1 | 0"),
    "-1/1": graded("-1 | 1"),
    "-3..3": graded("-3 -2 -1 | 1 2 3 | 0"),
    "3..-3": graded("3 2 1 | -1 -2 -3 | 0"),
    "1..5": graded("1 2 | 4 5 | 3"),
    "5..1": graded("5 4 | 2 1 | 3"),
    "1..7": graded("1 2 3 | 5 6 7 | 4"),
    "7..1": graded("7 6 5 | 3 2 1 | 4"),
    "1..4": graded("1 2 | 3 4"),
    "1.0..2.0": graded("1.0 1.0000048889 1.2 | 2.0 1.73 | 1.5"),
    "0.0..1.0": graded("1.0 0.9 | 0.0 0.2 | 0.5"),
    "0.5 tie": graded("1.0 | 0.0 | 0.5"),
}
#: Which numbers are read at once, by which columns: places counted from 0, or from 1, as the names count.
COUNTED = {
    "0/1": ("response_0",),
    "1/2": ("response_1", "output_1"),
}
#: Numbers that the names of these columns do not allow to mean so: nobody writes them there.
IMPOSSIBLE = {
    "1/0": ("response_0",),
    "2/1": ("response_1", "output_1"),
}
#: Numbers of which two readings are the mirror of each other: an error offers both, ready to paste.
MIRRORED = ("0/1", "1/0", "0/2, 1 tie", "2/0, 1 tie", "-1/1, 0 tie", "1/-1, 0 tie", "-1/1", "-3..3", "3..-3", "1..5",
            "5..1", "1..7", "7..1", "1..4")  # fmt: skip
