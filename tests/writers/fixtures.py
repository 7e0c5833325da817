"""Fifty small sets of pairs of every kind, made here, as rows of prompt, chosen and rejected; and their chat templates.

Each fixture is a list of rows as a JSON Lines file has them. No row is taken from a data set.
"""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
LANGUAGES = {
    "en": ("Why is the sky blue?", "Air scatters blue light.", "It is painted."),
    "de": ("Warum ist der Himmel blau?", "Die Luft streut blaues Licht.", "Er ist gestrichen."),
    "zh": ("天空为什么是蓝色的？", "空气散射蓝光。", "因为它被涂成蓝色。"),
    "ar": ("لماذا السماء زرقاء؟", "الهواء يبعثر الضوء الأزرق.", "لأنها مطلية."),
    "code": ('print("a\\n")\t# \\ and "', '```python\nprint("a\\\\n")\n```', "{'a': [1, null]}"),
    "emoji": ("What is 🦊?", "A fox 🦊.", "A cat 🐈\u200d⬛."),
}


def system(content: Any, **more: Any) -> Row:
    return {"role": "system", "content": content, **more}


def user(content: Any, **more: Any) -> Row:
    return {"role": "user", "content": content, **more}


def assistant(content: Any, **more: Any) -> Row:
    return {"role": "assistant", "content": content, **more}


def text(content: str) -> Row:
    return {"type": "text", "text": content}


def function(name: str, **properties: Any) -> Row:
    schema = {"type": "object", "properties": properties, "required": [*properties][:1]}
    return {"type": "function", "function": {"name": name, "description": f"Does {name}.", "parameters": schema}}


def call(name: str, arguments: Any, key: str = "c1", **more: Any) -> Row:
    made = {"id": key, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [made], **more}


def result(content: str, key: str = "c1", **more: Any) -> Row:
    return {"role": "tool", "tool_call_id": key, "content": content, **more}


IMAGE: Row = {"type": "image"}
WEATHER = function("weather", city={"type": "string"}, days={"type": "integer", "default": None})
ADD = function("add", terms={"type": "array", "items": {"type": "number"}})
ASK, GOOD, BAD = user("Will it rain in Oslo?"), assistant("It will rain."), assistant("No idea.")
CALLED = [call("weather", {"city": "Oslo"}), result("Rain.", name="weather"), GOOD]


def pair(prompt: Any, chosen: Any, rejected: Any, **more: Any) -> Row:
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected, **more}


def shown(parts: list[Row], good: Any = "A fox.", bad: Any = "A cat.", **more: Any) -> Row:
    return pair([user(parts)], [assistant(good)], [assistant(bad)], **more)


PLAIN = {f"plain-{name}": [pair(*texts)] for name, texts in LANGUAGES.items()}
CHAT = {
    f"chat-{name}": [pair([user(prompt)], [assistant(good)], [assistant(bad)])]
    for name, (prompt, good, bad) in LANGUAGES.items()
}
SYSTEM = {
    "system": [pair([system("Be brief."), ASK], [GOOD], [BAD])],
    "system-in-some": [pair([system("Be brief."), ASK], [GOOD], [BAD]), pair([user("Snow?")], [GOOD], [BAD])],
    "developer": [pair([{"role": "developer", "content": "Be brief."}, ASK], [GOOD], [BAD])],
    "system-named": [pair([system("Be brief.", name="rules"), ASK], [GOOD], [BAD])],
}
TURNS = {
    "turns-3": [pair([user("Hello."), assistant("Hi."), ASK], [GOOD], [BAD])],
    "turns-5": [pair([user("a"), assistant("b"), user("c"), assistant("d"), ASK], [GOOD], [BAD])],
    "turns-system": [pair([system("s"), user("a"), assistant("b"), ASK], [GOOD], [BAD])],
    "turns-several-rows": [
        pair([user("Hello."), assistant("Hi."), ASK], [GOOD], [BAD]),
        pair([user("Tree?")], [assistant("Oak.")], [assistant("Granite.")]),
    ],
    "turns-within": [
        {
            "chosen": [user("Hello."), assistant("Hi."), ASK, GOOD],
            "rejected": [user("Hello."), assistant("Hi."), ASK, BAD],
        }
    ],
    "turns-of-responses": [
        pair([ASK], [assistant("Where?"), user("Oslo."), GOOD], [assistant("Where?"), user("Oslo."), BAD])
    ],
}
KEYS = {
    "keys-reasoning": [pair([ASK], [assistant("Rain.", reasoning="Clouds.")], [BAD])],
    "keys-weight": [pair([ASK], [assistant("Rain.", weight=1)], [assistant("Sun.", weight=0)])],
    "keys-name": [pair([user("Rain?", name="Ann")], [GOOD], [BAD])],
    "keys-null": [pair([user("Rain?", name=None)], [assistant("Rain.", tool_calls=None)], [BAD])],
    "keys-order": [
        pair(
            [{"content": "Rain?", "role": "user"}],
            [{"content": "Yes.", "role": "assistant"}],
            [{"content": "No.", "role": "assistant"}],
        )
    ],
    "keys-nested": [pair([user("Rain?", meta={"a": [1, 2.5, None], "b": {}})], [GOOD], [BAD])],
}
TOOLS = {
    "tool-offered": [pair([ASK], [GOOD], [BAD], tools=[WEATHER, ADD])],
    "tool-call": [pair([ASK], [call("weather", {"city": "Oslo"})], [BAD], tools=[WEATHER])],
    "tool-text-arguments": [pair([ASK], [call("weather", '{"city": "Oslo"}')], [BAD], tools=[WEATHER])],
    "tool-different-arguments": [
        pair([ASK], [call("weather", {"city": "Oslo"})], [call("add", {"terms": [1, 2]})], tools=[WEATHER, ADD])
    ],
    "tool-mixed-arguments": [
        pair([ASK], [call("weather", {"city": "Oslo"})], [call("weather", "{}")], tools=[WEATHER])
    ],
    "tool-no-content": [
        pair([ASK], [{k: v for k, v in call("add", {}).items() if k != "content"}], [BAD], tools=[ADD])
    ],
    "tool-in-prompt": [pair([ASK, call("weather", {"city": "Oslo"}), result("Rain.")], [GOOD], [BAD], tools=[WEATHER])],
    "tool-function-call": [
        pair(
            [ASK],
            [{"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}}],
            [BAD],
        )
    ],
    "tool-some-rows": [pair([ASK], [GOOD], [BAD], tools=[WEATHER]), pair([user("Tree?")], [assistant("Oak.")], [BAD])],
}
TRAJECTORIES = {
    "trajectory": [pair([ASK], CALLED, [BAD], tools=[WEATHER])],
    "trajectory-both": [pair([ASK], CALLED, [*CALLED[:2], BAD], tools=[WEATHER])],
    "trajectory-two-calls": [
        pair(
            [ASK],
            [
                call("weather", {"city": "Oslo"}),
                result("Rain."),
                call("add", {"terms": [1]}, "c2"),
                result("1", "c2"),
                GOOD,
            ],
            [call("add", {"terms": []}), result("0"), BAD],
            tools=[WEATHER, ADD],
        )
    ],
    "trajectory-system": [pair([system("Use tools."), ASK], CALLED, [BAD], tools=[WEATHER])],
    "trajectory-within": [{"chosen": [ASK, *CALLED], "rejected": [ASK, *CALLED[:2], BAD], "tools": [WEATHER]}],
    "trajectory-reasoning": [
        pair([ASK], [call("weather", {}, reasoning="Look."), *CALLED[1:]], [BAD], tools=[WEATHER])
    ],
}
IMAGES = {
    "image-placeholder": [shown([IMAGE, text("What is it?")], images=["fox.png"])],
    "image-parts-everywhere": [
        shown([IMAGE, text("What is it?")], [text("A fox.")], [text("A cat.")], images=["a.png"])
    ],
    "image-in-part": [shown([{"type": "image", "image": "fox.png"}, text("What is it?")])],
    "image-url": [shown([{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}, text("What?")])],
    "image-two": [shown([IMAGE, text("and"), IMAGE, text("differ?")], "Yes.", "No.", images=["a.png", "b.png"])],
    "image-other-beside-same-text": [
        shown([IMAGE, text("What is it?")], images=["fox.png"]),
        shown([IMAGE, text("What is it?")], images=["cat.png"]),
    ],
    "image-in-some-rows": [shown([IMAGE, text("What is it?")], images=["fox.png"]), pair([ASK], [GOOD], [BAD])],
    "image-system": [
        pair([system("Look well."), user([IMAGE, text("What?")])], [assistant("A fox.")], [BAD], images=["fox.png"])
    ],
    "image-object": [shown([IMAGE, text("What is it?")], images=[{"path": "fox.png", "bytes": None}])],
    "image-beside-text": [pair("What is it?", "A fox.", "A cat.", images=["fox.png"])],
    "image-answers": [
        pair(
            [user("Draw a fox.")],
            [assistant([{"type": "image", "image": "a.png"}])],
            [assistant([{"type": "image", "image": "b.png"}])],
        )
    ],
    "video": [shown([{"type": "video"}, text("What happens?")], "It runs.", "It sits.", videos=["fox.mp4"])],
}
AUDIO = {
    "audio-placeholder": [shown([{"type": "audio"}, text("Who speaks?")], "Ann.", "Bob.", audios=["a.wav"])],
    "audio-data": [
        shown([{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}, text("Who?")])
    ],
}
#: Chat, text, image and tool rows by kind; `GRADED` and `CRITERIA` are votes, and have a form of their own.
FIXTURES: dict[str, list[Row]] = {
    **PLAIN,
    **CHAT,
    **SYSTEM,
    **TURNS,
    **KEYS,
    **TOOLS,
    **TRAJECTORIES,
    **IMAGES,
    **AUDIO,
}
_GRADES = {1: "A is slightly better", 2: "A is better", 3: "A is much better"}
_VOTES = [
    (1, "Name a tree.", "An oak is a tree.", "Granite is a tree."),
    (2, "Name a bird.", "An owl is a bird.", "A bat is a bird."),
    (3, "Name a fish.", "A cod is a fish.", "A whale is a fish."),
]
#: Graded votes: how much response_a is better, of two annotators.
GRADED = {
    "graded": [
        {"prompt": prompt, "response_a": good, "response_b": bad, "annotator": who, "preference": _GRADES[grade]}
        for grade, prompt, good, bad in _VOTES
        for who in ("x", "y")
    ],
    "graded-chat": [
        {
            "prompt": [user(prompt)],
            "response_a": [assistant(good)],
            "response_b": [assistant(bad)],
            "annotator": who,
            "winner": "response_a",
        }
        for _, prompt, good, bad in _VOTES
        for who in ("x", "y")
    ],
}
CRITERIA = {
    "criteria": [
        {
            "item_id": f"q{n}",
            "prompt": prompt,
            "response_id": side,
            "text": said,
            "annotator_id": who,
            "criterion": name,
            "rank": rank,
        }
        for n, prompt, good, bad in _VOTES
        for side, said, rank in (("a", good, 1), ("b", bad, 2))
        for who in ("x", "y")
        for name in ("helpful", "true")
    ],
}

#: Four chat templates with the ways of four families: who speaks, what a list of parts becomes, how calls are printed.
TEMPLATES = {
    "chatml": (
        "{%- for m in messages -%}<|im_start|>{{ m.role }}\n"
        "{{ m.content if m.content is string else '' }}"
        "{%- if m.tool_calls -%}{%- for c in m.tool_calls -%}<tool_call>{{ c.function.name }} "
        "{{ c.function.arguments | tojson }}</tool_call>{%- endfor -%}{%- endif -%}"
        "{%- if m.reasoning is defined -%}<think>{{ m.reasoning }}</think>{%- endif -%}<|im_end|>\n{%- endfor -%}"
    ),
    "llama-3": (
        "<|begin_of_text|>{%- for m in messages -%}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
        "{%- if 'tool_calls' in m -%}{{ m['tool_calls'] | tojson }}"
        "{%- else -%}{{ m['content'] | trim }}{%- endif -%}<|eot_id|>{%- endfor -%}"
    ),
    "qwen-vl": (
        "{%- if tools -%}# Tools\n{%- for t in tools %}\n{{ t | tojson }}{%- endfor -%}\n{%- endif -%}"
        "{%- for m in messages -%}<|im_start|>{{ m.role }}\n{%- if m.content is string -%}{{ m.content }}"
        "{%- elif m.content -%}{%- for p in m.content -%}"
        "{%- if 'image' in p or 'image_url' in p or p.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>"
        "{%- elif 'video' in p or p.type == 'video' -%}<|video_pad|>"
        "{%- elif 'text' in p -%}{{ p.text }}{%- endif -%}{%- endfor -%}{%- endif -%}"
        "{%- for c in m.tool_calls or [] -%}{{ c | tojson }}{%- endfor -%}<|im_end|>\n{%- endfor -%}"
    ),
    "mistral": (
        "<s>{%- for m in messages -%}{%- if m.role == 'user' -%}[INST] {{ m.content }} [/INST]"
        "{%- elif m.role == 'tool' -%}[TOOL_RESULTS]{{ m.tool_call_id }} {{ m.content }}[/TOOL_RESULTS]"
        "{%- elif m.role == 'system' -%}[SYSTEM]{{ m.content }}"
        "{%- elif m.tool_calls is defined and m.tool_calls is not none -%}[TOOL_CALLS]{{ m.tool_calls | tojson }}</s>"
        "{%- else -%} {{ m.content }}</s>{%- endif -%}{%- endfor -%}"
    ),
}
