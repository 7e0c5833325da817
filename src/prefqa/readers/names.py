"""The names that columns go by: one table of aliases per role, blind to case, blanks, `_`, `-` and `.`.

A role is a standard column of judgments, responses or items, or a part of a layout (`winner`, `responses`, ...). A
standard name wins over its aliases, and an earlier group of aliases over a later one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

_SEPARATORS = re.compile(r"[\s_\-.]+")
_TOKENS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")


def key(name: str) -> str:
    """Return a name without case, blanks, `_`, `-` and `.`, by which names are compared."""
    return _SEPARATORS.sub("", name).casefold()


def tokens(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case: `responseA`, `response_a` and `Response A` are one."""
    return tuple(part.casefold() for part in _TOKENS.findall(name))


def _persons(*words: str) -> tuple[str, ...]:
    return tuple(f"{word}{end}" for word in words for end in ("", "id", "name", "hash", "uid", "index"))


#: Per role, groups of aliases in the form of `key`; a later group counts only where the earlier ones have no column.
ALIASES: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "item_id": (
            (
                "itemid", "item", "promptid", "questionid", "taskid", "exampleid", "instanceid", "sampleid", "queryid",
                "pairid", "comparisonid", "instructionid", "conversationid", "dialogueid", "dialogid", "problemid",
                "hitid", "battleid", "inputid", "documentid", "docid", "itemno", "itemnumber",
            ),
        ),
        "prompt": (
            ("prompt", "prompttext", "userprompt", "promptmessages"),
            ("instruction", "instructions"),
            ("question", "query", "userquery", "userinput", "usermessage", "inputprompt", "questiontext", "request"),
            ("input", "inputtext", "post", "context", "problem", "article", "document"),
        ),
        "annotator_id": (
            (
                *_persons(
                    "annotator", "worker", "rater", "labeler", "labeller", "evaluator", "participant", "judge", "coder",
                    "reviewer", "assessor", "respondent", "voter", "grader", "crowdworker", "juror", "user",
                    "expert", "turker",
                ),
                "prolificid", "prolificpid", "annotatedby", "labeledby", "labelledby", "completedby", "ratedby",
                "judgedby", "reviewedby", "annotatoremail",
            ),
            ("useremail", "author", "createdby", "submittedby", "email"),
        ),
        "winner": (
            ("winner", "vote", "preference", "choice", "overallpreference", "humanpreference", "annotatorpreference",
             "preferredresponse", "winnerid", "preferred", "better", "verdict", "humanvote", "humanchoice"),
            ("betterresponse", "betterresponseid", "saferresponseid", "bestresponse", "bestresponseid", "preferredid",
             "preferredresponseid", "betterid", "winningresponse", "betteranswer", "bestanswer", "preferredanswer",
             "betteroutput", "preferredoutput", "whichisbetter", "whichbetter", "best", "chosenresponse",
             "selectedresponse",
             "winningmodel", "bettermodel", "preferredmodel", "winnermodel", "prefer", "pref", "chosenid",
             "chosenindex"),
            ("selection", "selected", "decision", "judgment", "judgement", "outcome", "result", "comparison"),
            ("label", "answer", "rating", "score", "response", "annotation", "value"),
        ),
        "strength": (("strength",),),
        "rank": (("rank", "ranks", "place", "ranking", "rankposition"),),
        "score": (
            ("score", "rating", "ratings", "scores", "overallscore", "overallrating", "humanscore", "humanrating",
             "stars",
             "grade", "likert", "points", "qualityscore", "finalscore", "totalscore"),
            ("quality", "overall", "overallquality", "reward", "value", "mos"),
        ),
        "label": (("label", "labels", "category", "class", "annotation", "tag"),),
        "criterion": (("criterion", "criteria", "aspect", "dimension", "axis", "metric", "attribute", "rubric"),),
        "response_id": (
            ("responseid", "candidateid", "completionid", "answerid", "outputid", "optionid", "generationid", "replyid",
             "responseindex", "candidateindex", "completionindex", "responseidx", "responseno", "responsename"),
        ),
        "text": (
            ("text", "responsetext", "response", "completion", "output", "generation", "candidate", "reply",
             "modelresponse",
             "modeloutput", "answer", "answertext", "generatedtext", "completiontext", "outputtext",
             "candidatetext", "summary"),
        ),
        "responses": (
            ("responses", "responseids", "completions", "generations", "candidates", "answers", "outputs", "options",
             "replies", "samples", "modelresponses", "summaries"),
        ),
        "model": (("model", "modelname", "modelid", "generator", "llm", "systemname", "systemid", "policy",
                   "modelversion"),),
        "created_at": (
            ("createdat", "timestamp", "tstamp", "submittedat", "submittime", "submissiontime", "annotatedat",
             "judgedat",
             "ratedat", "completedat", "datetime", "createdon", "created", "finishedat", "endtime", "votedat",
             "labeledat"),
            ("time", "date", "updatedat", "starttime"),
        ),
        "duration_s": (
            ("durations", "durationseconds", "durationsec", "durationinseconds", "worktimeinseconds", "timespents",
             "leadtime", "timespent", "secondsspent", "seconds", "elapseds", "elapsedseconds", "timetakens", "duration",
             "timetaken", "durationms", "timespentms", "elapsedms", "leadtimems", "timetakenms",
             "durationmilliseconds", "timeonsecs", "elapsed"),
        ),
        "position": (("position", "displayposition", "presentedposition", "displayorder", "screenposition"),),
        "batch": (("batch", "batchid", "batchname"),),
        "guideline_version": (("guidelineversion", "guidelinesversion", "guideline", "instructionversion"),),
        "judgment_id": (("judgmentid", "judgementid"),),
        "is_gold": (("isgold", "gold", "goldstandard", "iscontrol"),),
        "status": (("status",),),
        "annotator_kind": (("annotatorkind", "annotatortype"),),
    }
)  # fmt: skip
#: Names of ids that count the rows of a table as often as its items.
ROW_IDS = frozenset({"id", "uid", "uuid", "index", "idx", "rowid", "no", "number", "key", "recordid"})
#: Words of columns that measure a text or count it, and rate nothing.
MEASURES = frozenset(
    {"length", "len", "tokens", "token", "chars", "characters", "words", "count", "n", "num", "id", "index", "idx",
    "cost", "price",
     "latency", "time", "seconds", "ms", "temperature", "seed", "turn", "turns", "year", "date", "timestamp",
     "version", "loss",
     "perplexity", "logprob", "step", "epoch", "split", "fold"}
)  # fmt: skip
#: Last words of the names of durations that are not in seconds.
MILLISECONDS = (("ms",), ("millis",), ("milliseconds",))


def candidates(role: str, names: Collection[str]) -> list[str]:
    """Return the columns that may play a role: the standard name, or the first group of aliases there is.

    Columns of a group come in the order of its aliases.
    """
    if role in names:
        return [role]
    by_key: dict[str, list[str]] = {}
    for name in names:
        by_key.setdefault(key(name), []).append(name)
    for group in ALIASES.get(role, ()):
        found = [name for alias in group for name in by_key.get(alias, ())]
        if found:
            return found
    return []


def roles_of(name: str) -> list[str]:
    """Return the roles that a column of this name may play."""
    wanted = key(name)
    return [role for role, groups in ALIASES.items() if any(wanted in group for group in groups)]


def similar(role: str, names: Sequence[str]) -> list[str]:
    """Return columns whose name shares a word with an alias of a role, for hints; never the role itself."""
    words = {word for word in tokens(role) if len(word) > 2} - {"id"}
    return [name for name in names if name != role and words & set(tokens(name))]
