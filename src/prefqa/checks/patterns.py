"""What single texts are asked, by rule: expressions of `text`.

All are regular expressions of Rust's engine, which needs no look-around: it finds the literals in them first.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from prefqa.personal import KEY, MAIL, PHONE

#: Words that other types turn into when they are written as text.
LITERALS = r"^\s*(?:true|false|True|False|null|None|NaN|nan|undefined|\[object Object\])\s*$"
#: Those of them that are an answer where the prompt asks for one of two truth values, and how it asks.
TRUTH = r"(?i)^\s*(?:true|false)\s*$"
ASKS_TRUTH = (
    r"(?is)\btrue\b.{0,200}\bfalse\b|\bfalse\b.{0,200}\btrue\b|\bbool(?:ean)?\b|"
    r"\b(?:is|are|was|were|whether|if)\b[^?!.]{0,200}\b(?:true|correct)\b|"
    r"\b(?:wahr|richtig)\b.{0,40}\bfalsch\b|\bvrai\b.{0,40}\bfaux\b|\bverdadero\b.{0,40}\bfalso\b|"
    r"\bverdadeiro\b.{0,40}\bfalso\b|对还是错|是真是假|真还是假|是否正确|真偽|正しいか|正誤|верно ли|правда ли|"
    r"(?:верно|истина|правда).{0,40}(?:неверно|ложь)"
)
#: Those of them that are an answer where the prompt asks what a program has or returns, or offers them as answers.
NO_VALUE = r"^\s*(?:true|false|True|False|null|None|NaN|nan|undefined)\s*$"
ASKS_VALUE = (
    r"(?i)\b(?:null|none|nan|undefined)\b|\b(?:what|which|wha?t's|predict|give|state|determine|was|que|qué|o que)\b"
    r"[^?]{0,200}\b(?:returns?|returned|prints?|printed|outputs?|evaluates?|evaluated|logs?|logged|ausgegeben|"
    r"retourne|devuelve|retorna|typeof)\b|\b(?:output|return value|value|result) of\b"
)
#: A character that is seen: neither blank nor of zero width.
VISIBLE = r"[^\s\x{200B}-\x{200F}\x{2060}\x{FEFF}]"
#: A blank that is not one single space.
ODD_BLANK = r"[\t-\r\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]|  "
_STABLE = (
    r"\x{C0}-\x{FF}\x{400}-\x{45F}\x{2013}\x{2014}\x{2018}\x{2019}\x{201C}\x{201D}\x{20AC}"
    r"\x{3001}\x{3002}\x{3041}-\x{3096}\x{30A1}-\x{30FA}\x{4E00}-\x{9FFF}"
)
#: A character that Unicode's NFKC may change, alone or with its neighbour; those of common texts are known not to.
UNSTABLE = rf"[^\x00-\x7F{_STABLE}]"
#: The same, or a blank that is none of the space bar.
ODD = rf"[^ -~{_STABLE}]"
#: A cursor at the end shows that the text was copied while it was still being written.
CURSOR = r"[▌▍▋▉█]\s*$"
FENCE = "```"
#: How a text ends that was written to its end; dots in a row may stand for what was cut off.
FINISHED = r"""(?:(?:(?:^|[^.…])\.|(?:^|[^。])。|[!?！？।؟۔．])["'”’“»«」』）】)\]*_`]*|```)\s*$"""
#: Error messages begin a short text; the words alone are the whole of it.
ERRORS = (
    r"(?i)^\W*(?:(?:internal server|gateway|connection|network|api|timeout|rate ?limit|server|unknown) error\b|"
    r"error (?:code|communicating|occurred|generating|while|in)\b|error:\s|(?:http )?(?:429|50[0-4])\b[ :-]+[a-z]|"
    r"an? (?:unexpected |unknown )?error (?:has )?occurred|something went wrong|bad gateway|service unavailable|"
    r"request timed? ?out|rate limit (?:reached|exceeded)|too many requests|traceback \(most recent call last\)|"
    r"openai\.error|we're experiencing (?:high|heavy|exceptionally)|the server (?:is|had) )"
)
PLACEHOLDERS = (
    r"(?i)^\W*(?:n/?a|todo|tbd|lorem ipsum.*|placeholder|dummy|test(?:ing)?|asdf\w*|x{3,}|"
    r"(?:no|empty|missing) (?:response|output|answer|text|completion)|insert (?:text|response|answer) here|"
    r"response goes here|your (?:text|answer|response) here)\W*$|^[\s.…_-]+$"
)
_ERROR_CHARS, _PLACEHOLDER_CHARS, _LITERAL_CHARS = 300, 80, 24
REDACTED = (
    r"\[(?:REDACTED|REMOVED|DELETED|MASKED|PII|NAME|PERSON|EMAIL|PHONE|ADDRESS|LOCATION|ORGANIZATION|URL|DATE)"
    r"(?:[_ ]?\d+)?\]|<(?:REDACTED|NAME|PERSON|EMAIL|EMAIL_ADDRESS|PHONE|PHONE_NUMBER|ADDRESS|LOCATION|URL)(?:_?\d+)?>|"
    r"\bNAME_\d+\b|█{3,}|\bX{6,}\b"
)
TEMPLATE = (
    r"<\|[A-Za-z_]{2,30}\|>|\[/?INST\]|<</?SYS>>|^<s>|</s>\s*$|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>|"
    r"(?:^|\n)### (?:Human|Assistant|Instruction|Response):|\n\n(?:Human|Assistant):"
)
#: Letters that mojibake begins with: UTF-8 read as Latin-1 or Windows-1252, and the replacement character.
MOJIBAKE = r"[ÃÂâÄÅðïŸ�]"

_TEXT = pl.col("text")


#: Looked for in one go each: nearly all texts have none of these, and to look for several costs as much as for one.
_HAS_MARKS = _TEXT.str.contains(f"(?:{REDACTED})|(?:{TEMPLATE})")
_HAS_SIGNS = _TEXT.str.contains(f"(?:{KEY})|{FENCE}|(?:{CURSOR})")
_HAS_AT_OR_MOJIBAKE = _TEXT.str.contains(rf"@|{MOJIBAKE}")


@dataclass(frozen=True)
class Test:
    """What texts are asked: `screen` of all, cheaply, `closer` of those that could be meant.

    `of_prompts` says whether prompts are asked too.
    """

    screen: pl.Expr
    closer: pl.Expr
    of_prompts: bool


def _any(*patterns: str) -> pl.Expr:
    return pl.any_horizontal(_TEXT.str.contains(pattern) for pattern in patterns)


def _not_longer(n_bytes: int) -> pl.Expr:
    return _TEXT.str.len_bytes() <= n_bytes


def _says_nothing() -> pl.Expr:
    error = _not_longer(_ERROR_CHARS) & _TEXT.str.contains(ERRORS)
    return (error | (_not_longer(_PLACEHOLDER_CHARS) & _TEXT.str.contains(PLACEHOLDERS))) & _TEXT.str.contains(VISIBLE)


#: By code. PQ219 and PQ222 look still closer at what these find.
TESTS: dict[str, Test] = {
    "PQ202": Test(_not_longer(_LITERAL_CHARS), _not_longer(_LITERAL_CHARS) & _TEXT.str.contains(LITERALS), False),
    "PQ213": Test(_HAS_SIGNS, (_TEXT.str.count_matches(FENCE, literal=True) % 2 == 1) | _any(CURSOR), False),
    "PQ214": Test(_not_longer(_ERROR_CHARS), _says_nothing(), False),
    "PQ215": Test(_HAS_MARKS, _any(REDACTED), True),
    "PQ216": Test(_HAS_MARKS, _any(TEMPLATE), True),
    "PQ219": Test(_HAS_AT_OR_MOJIBAKE, _any(MOJIBAKE), True),
    "PQ222": Test(_HAS_AT_OR_MOJIBAKE | _HAS_SIGNS | _any(PHONE), _any(MAIL, PHONE, KEY), True),
}
