"""E-mail addresses, phone numbers and keys: how they are told from other text, and how an excerpt goes without them."""

from __future__ import annotations

import re

import polars as pl

MAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
#: Domains, numbers and keys that stand for nobody (RFC 2606; numbers with 555).
NOBODY_MAIL = r"(?i)@(?:[a-z0-9-]+\.)*(?:example|test|invalid|localhost|yourdomain|domain|company|email)\.[a-z]{2,}$"
_NUMBER = (
    r"\+[0-9]{1,3}[ .-]?\(?[0-9]{2,4}\)?(?:[ .-]?[0-9]{2,4}){2,3}|\([0-9]{3}\) ?[0-9]{3}-[0-9]{4}|"
    r"\b[0-9]{3}[-.][0-9]{3}[-.][0-9]{4}\b"
)
PHONE = f"(?-u:{_NUMBER})"
NOBODY_PHONE = r"555|123.?456|000.?000"
_PREFIXES = r"sk-|AKIA|gh[pousr]_|hf_|xox[abp]-|AIza|github_pat_|glpat-|[rs]k_live_|eyJ"
_KEY_FORMS = (
    r"\bsk-[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}|\bhf_[A-Za-z]{30,}|"
    r"\bxox[abp]-[0-9A-Za-z-]{10,}|\bAIza[0-9A-Za-z_-]{35}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bglpat-[A-Za-z0-9_-]{20,}|"
    r"\b[rs]k_live_[A-Za-z0-9]{16,}|\beyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{10,}"
)
KEY = rf"{_KEY_FORMS}|-----BEGIN [A-Z ]*PRIVATE KEY-----"

_PART = r"[^\s@,;:<>()\[\]\"']"
#: What is masked is wider than what rule PQ222 counts: a wrong mask hides a word, a missed one shows an address. Where
#: a text was cut, what is left of an address, a number or a key at its end goes, too.
_MASKS = {
    "[key]": (
        rf"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|$)|{_KEY_FORMS}|"
        rf"\b(?:{_PREFIXES})[A-Za-z0-9._-]*…$"
    ),
    "[e-mail address]": rf"{_PART}+@{_PART}+\.{_PART}+|{_PART}+@{_PART}*…?$",
    "[phone number]": rf"{_NUMBER}|\+[0-9][0-9 ()/.-]{{5,}}[0-9]|\b0[0-9]{{2,4}}[ /-][0-9]{{5,8}}\b|[+(][0-9 ()/.-]*…$|"
    r"\b[0-9]{3}[-.][0-9.-]*…$",
}
_COMPILED = {mask: re.compile(pattern) for mask, pattern in _MASKS.items()}


def masked(text: str) -> str:
    """Return a text, or the beginning of one, with a word in place of each address, phone number and key.

    Example:
        >>> masked("ask jane.doe@uni.edu or +44 20 7946 0018")
        'ask [e-mail address] or [phone number]'
    """
    for mask, pattern in _COMPILED.items():
        text = pattern.sub(mask, text)
    return text


def masked_column(text: pl.Expr) -> pl.Expr:
    """As `masked`, of a column of texts."""
    for mask, pattern in _MASKS.items():
        text = text.str.replace_all(pattern, mask)
    return text
