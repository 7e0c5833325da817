"""What refusals, assistants that speak of themselves, and flattering openings look like, by language: data alone.

Regular expressions of Rust's engine, case ignored; an apostrophe stands for both of its forms. `§` stands for some
words of one sentence, none of them quoted. Written from general knowledge of the languages, not from the texts that
measure them (tests/data).
"""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("en", "de", "fr", "es", "pt", "zh", "ja", "ru")
Phrases = Mapping[str, tuple[str, ...]]

_CANNOT = (
    r"\b(?:I|we) (?:(?:just |really |simply |also |still )?(?:can't|cannot|can not|won't|will not|shouldn't|must not|couldn't)"
    r"(?: (?:and|or) (?:won't|will not|can't|cannot))?(?: be able to| be)?|(?:am|are) (?:\w+ )?(?:unable|not able|not going|not willing|not allowed|not permitted|not authori[sz]ed|"
    r"not programmed|not designed|not in a position) to|refuse to|decline to|don't have the ability to|"
    r"do not have the ability to)|\b(?:I'm|we're) (?:\w+ )?(?:unable|not able|not going|not willing|not allowed|"
    r"not permitted|not authori[sz]ed|not programmed|not designed|not in a position) to|\bnot able to"
)
_EN_VERBS = (
    r"(?:(?:help|helping) (?:you|with|out|anyone|people)|help[.!,;]|help$|assist|comply|provid(?:e|ing)|be of (?:help|assistance)|talk (?:about|to you about)|advise|fulfil+|engage|discuss|support|"
    r"(?:write|create|generate|produce|draft|make|compose) (?:that|this|these|such|a|an|any|the|content|instructions|"
    r"code|material|text|stories|jokes|something|explicit|harmful|hateful|fake|sexual|you|images?|pictures?|videos?|audio|music)|"
    r"express (?:an?|any|my|personal|political) |"
    r"(?:answer|respond to|continue(?: with)?|complete|proceed|take part in|participate in|do|process|accommodate|handle|"
    r"carry out|perform|act on|entertain) "
    r"(?:that|this|these|those|your|the|such|any|it|what|questions|requests)|"
    r"(?:access|open|browse|view|visit|click on) (?:that|this|these|those|any|your|external|links?|files|web|websites|the (?:internet|web|link)|"
    r"real-time|urls|images|pages)|"
    r"(?:share|give|offer|disclose|reveal) (?:that|this|such|you|out|instructions|advice|details|information|"
    r"personal|any|medical|legal|financial|guidance|specific|private|step)|"
    r"(?:tell|show|teach|explain to|walk|guide|advise) you|explain how to|describe how to|"
    r"facilitate|encourage|condone|promote|participate|role-?play)"
)

#: The model declines: looked for at the beginning of a text.
REFUSALS: Phrases = {
    "en": (
        rf"(?:{_CANNOT}) (?:\w+ly |currently |in good conscience |be able to )*{_EN_VERBS}",
        r"\b(?:I|we)(?:'m| am|'re| are)? (?:must|have to|need to|'ll have to|will have to|would have to|going to have to)"
        r" (?:\w+ly )?(?:decline|refuse|pass on|say no)",
        r"\bI (?:respectfully|politely) (?:decline|refuse)",
        r"\b(?:I'm|I am|I do not feel|I don't feel|I'm really|I wouldn't feel) (?:not )?comfortable (?:with )?(?:provid|help|"
        r"assist|shar|discuss|writ|creat|generat|answer|engag|doing that|participat|continu|giv)",
        r"\b(?:that's|that is|this is|it's|it is) (?:not something|something) (?:that )?I(?:'m| am)? "
        r"(?:can't|cannot|won't|can |will |able|unable|not able|comfortable|willing)",
        r"\b(?:goes |is |it's |would be |be )?(?:against|violates?|violate|not in line with) (?:my|our) "
        r"(?:programming|guidelines|polic|principles|ethical|safety|values|content)",
        r"\byour request (?:has been|was|is|cannot be|can't be) (?:declined|refused|blocked|rejected|fulfilled|completed)",
        r"\b(?:I'd|I would) (?:rather|prefer) not (?:to )?(?:help|assist|provide|discuss|write|answer|share|engage|do that)",
        r"\bno,? I won't (?:help|do|write|provide|assist)",
        r"\bI (?:don't|do not) (?:provide|help with|assist with|generate|give (?:out|advice|instructions))\b",
        r"\bI (?:don't|do not) think I can (?:help|assist|do)\b",
        r"^\W*(?:sorry|apologies),? (?:but )?(?:no\b|that's not possible|that is not possible|not something)",
        r"^\W*request (?:denied|declined|refused)",
    ),
    "de": (
        r"(?:\bich (?:kann|darf|werde|möchte|will)|\b(?:kann|darf|werde|möchte|will) ich)§\b(?:nicht|kein|keine|keinen|keiner|keinem|"
        r"nichts)\b§\b(?:helfen|weiterhelfen|behilflich|unterstützen|beantworten|bereitstellen|zur verfügung stellen|erfüllen|"
        r"nachkommen|geben|weitergeben|anbieten|erstellen|schreiben|verfassen|generieren|entsprechen|teilen|diskutieren|tun|"
        r"machen|liefern|ausführen|mitwirken|nennen|verraten|fortsetzen|fortfahren|erklären|eingehen|öffnen|zugreifen|erteilen|bearbeiten|ausarbeiten|durchführen|teilnehmen|besprechen|äußern|sprechen|zustimmen|befolgen)\b",
        r"\b(?:muss|möchte|werde) (?:ich|wir)§\bablehnen|\bich (?:muss|möchte|werde)§\bablehnen|\blehne ich§\bab\b|\bich lehne§\bab\b",
        r"\b(?:ich bin|bin ich|wir sind|ich sehe mich|sehe ich mich)§(?:nicht in der lage|außerstande|nicht befugt|"
        r"nicht berechtigt|nicht bereit|nicht dafür ausgelegt)",
        r"\bist (?:es )?mir (?:leider )?nicht (?:möglich|gestattet|erlaubt)",
        r"(?:gegen|nicht mit) (?:meine|meinen|unsere|unseren) (?:\w+ )?(?:richtlinien|grundsätze|grundsätzen|programmierung|prinzipien)",
        r"\b(?:dabei|damit|dazu|hierbei) (?:helfe|unterstütze) ich§nicht",
    ),
    "fr": (
        r"\b(?:je ne|nous ne|j'ai bien peur de ne|je crains de ne) (?:peux|puis|pouvons|saurais|pourrai|pouvoir|pas pouvoir|vais pas)§"
        r"\b(?:aider|assister|fournir|répondre|donner|créer|générer|rédiger|écrire|faire (?:cela|ça|ce)|accéder|satisfaire|proposer|"
        r"partager|participer|poursuivre|continuer|produire|discuter|traiter|accompagner|expliquer comment|offrir|communiquer|"
        r"donner suite|ouvrir|divulguer|aborder|remplir|honorer|exécuter|accepter|apporter|rendre ce service|parler de)",
        r"\bje ne suis§pas (?:en mesure|capable|autorisée?|habilitée?|à l'aise|programmée?|conçue?)",
        r"\bje (?:dois|me vois|suis)§(?:décliner|refuser)|\bje (?:refuse|décline)§(?:de|cette|votre)\b",
        r"\b(?:contraire|contraires|à l'encontre)§(?:mes|nos) (?:\w+ )?(?:principes|directives|règles|consignes|valeurs)",
        r"\bil (?:m'est|ne m'est) (?:malheureusement )?(?:impossible|pas possible) d[e']",
        r"\bje préfère ne pas (?:répondre|aider|donner|écrire|aborder|participer)",
    ),
    "es": (
        r"\bno (?:puedo|podemos|podré|podría|me es posible|soy capaz de|voy a|"
        r"estoy (?:en condiciones de|en posición de|autorizad[oa] (?:a|para)|capacitad[oa] para|programad[oa] para))§"
        r"\b(?:ayudar\w*|asistir\w*|proporcionar\w*|brindar\w*|responder\w*|ofrecer\w*|crear|generar|escribir|redactar|cumplir|"
        r"facilitar\w*|compartir|participar|continuar|dar|darte|darle|hacer eso|hacer esto|hacerlo|acceder|producir|discutir|proveer|"
        r"atender|colaborar|explicar(?:te|le)? cómo|abrir|revelar|satisfacer|completar|procesar|aceptar|hablar (?:del?|sobre)|apoyar|decirte cómo|"
        r"realizar (?:esa|esta|ese|este)|prestar)\b",
        r"\bno me siento cómod[oa]",
        r"\b(?:debo|tengo que|me veo obligad[oa] a)§(?:rechazar|negarme|declinar|rehusar)|\bme niego a\b",
        r"\b(?:va|ir|está) (?:en )?contra (?:de )?mis (?:principios|directrices|políticas|normas|valores)|"
        r"\binfringe mis (?:directrices|políticas|normas)|\bprefiero no (?:responder|ayudar|dar|escribir|hablar)",
        r"\bme es imposible (?:ayudar|responder|proporcionar|ofrecer|cumplir|atender)",
    ),
    "pt": (
        r"\bnão (?:posso|podemos|consigo|poderei|poderia|sou capaz de|vou|me é possível|"
        r"estou (?:autorizad[oa]|apt[oa]|em condições|habilitad[oa]|programad[oa])(?: a| de| para)?)§"
        r"\b(?:ajudar|ajudá-l[oa]|ajudá|fornecer|auxiliar|responder|oferecer|criar|gerar|escrever|redigir|atender|compartilhar|partilhar|"
        r"participar|continuar|dar|dar-lhe|lhe dar|fazer isso|fazer isto|fazê-lo|acessar|aceder|produzir|discutir|cumprir|prestar|"
        r"explicar como|colaborar|abrir|revelar|satisfazer|concluir|processar|aceitar|falar (?:d\w+|sobre)|apoiar|dizer como|realizar (?:essa|esta|esse|este))\b",
        r"\bnão me sinto (?:confortável|à vontade)",
        r"\b(?:devo|preciso|tenho que|tenho de|sou obrigad[oa] a)§(?:recusar|declinar|negar)|\b(?:me recuso|recuso-me) a\b",
        r"\b(?:vai|ir|é) (?:contra|de encontro a|contrári[oa] a) ?(?:a |os |as |o )?(?:meus|minhas|às minhas|aos meus) "
        r"(?:princípios|diretrizes|políticas|valores)|\bviola (?:as )?minhas (?:diretrizes|políticas)|"
        r"\bprefiro não (?:responder|ajudar|dar|escrever|falar)",
    ),
    "zh": (
        r"(?:抱歉|对不起|對不起|不好意思|遗憾|遺憾|我|本助手|作为|作為)[^。！？\n\"“「]{0,40}?(?:无法|無法|不能|不可以|没有办法|沒有辦法|没办法|不便|不会|不會|无权|"
        r"不被允许|不方便)[^。！？\n\"“「]{0,12}?(?:帮|幫|协助|協助|提供|回答|回應|回应|满足|滿足|生成|创建|创作|編寫|编写|撰写|撰寫|写|寫|参与|參與|讨论|討論|完成|执行|執行|"
        r"继续|繼續|支持|给出|給出|给您|给你|透露|分享|处理|處理|这样做|这么做|這樣做|答复|访问|打开|訪問|接受|教|给|給|答应|说明)",
        r"(?:我|抱歉|对不起|對不起)[^。！？\n\"“「]{0,12}?(?:帮不了|幫不了|做不到|办不到|辦不到|帮不上)",
        r"(?:我|必须|必須|只能)[^。！？\n\"“「]{0,10}?(?:拒绝|拒絕|婉拒|谢绝)[^。！？\n]{0,8}?(?:请求|請求|要求|回答|提供|您|你|协助)",
        r"(?:违反|違反|违背|不符合)(?:了)?我的?[^。！？\n]{0,10}(?:准则|準則|原则|原則|规定|政策|道德|指南|编程)",
        r"(?:您的|你的|该|此)(?:请求|要求)[^。！？\n]{0,6}(?:被拒绝|无法完成|无法处理)",
    ),
    "ja": (
        r"(?:申し訳|すみません|恐れ入り|恐縮|残念|ごめんなさい|あいにく|私|わたし|当方|そのよう|このよう|ご要望|ご質問|ご依頼|リクエスト|その|AI)[^。！？\n「]{0,60}?"
        r"(?:手伝|答え|応え|お力|教え|提供|回答|対応|作成|生成|執筆|書く|書け|支援|協力|案内|説明|紹介|お伝え|伝え|応じ|助け|参加|お話し|続け|添|沿|実行|行う|翻訳|開示|共有|アクセス|開く|サポート|アドバイス)[^。！？\n「]{0,14}?"
        r"(?:できません|できかねます|出来ません|出来かねます|いたしかねます|致しかねます|しかねます|られません|けません|なれません|いきません|わけにはいか|できない|控えさせ)",
        r"(?:協力|手伝い?|お答え|お応え|お話し|助言|お力添え)[^。！？\n「]{0,12}?(?:できません|できかねます|いたしかねます|致しかねます)",
        r"(?:すみません|申し訳\w*|ごめんなさい|残念\w*)[^。！？\n「]{0,8}?(?:それ|これ|そのよう\w+|そう\w*)は(?:でき|いたし)(?:ません|かねます)",
        r"(?:お断り|差し控え|ご遠慮|辞退)[^。！？\n「]{0,6}?(?:します|いたします|致します|させていただ|させて頂|しなければ|せざるを|しております)",
        r"私の(?:ガイドライン|方針|ポリシー|原則|倫理)[^。！？\n「]{0,10}(?:反|違反|沿わ)",
    ),
    "ru": (
        r"\b(?:не могу|не можем|не смогу|не сможем|не в состоянии|не в силах|не имею права|не имею возможности|не вправе|не буду|"
        r"не стану|не готова?|не уполномочена?|не предназначена?)\b§\b(?:помо\w+|предостав\w+|ответить|отвечать|выполн\w+|созда\w+|"
        r"сгенерировать|генерировать|написать|писать|дать|давать|обсужда\w+|обсудить|участвовать|продолж\w+|подел\w+|поддерж\w+|"
        r"сделать это|сделать этого|сделать такое|этого (?:сделать|делать)|это (?:сделать|делать)|оказ\w+|содействовать|удовлетворить|"
        r"рассказ\w+|комментировать|исполн\w+|обработать|подсказать|научить|принять|объяснить, как|составить|предложить|открыть|раскры\w+|советовать|консультировать)",
        r"\b(?:помочь|помогать|ответить|отвечать|выполнить|созда\w+|писать|написать|дать|предоставить|рассказать|обсуждать|сделать)\b§"
        r"\b(?:не могу|не смогу|не буду|не в состоянии|не имею права)\b",
        r"\b(?:вынужден\w*|должен|должна|придётся|придется)§(?:отказать|отказаться|отклонить|отказываться)",
        r"\b(?:это |запрос )?(?:противоречит|нарушает)§(?:моим|мои|моими|нашим|наши) (?:\w+ )?(?:правил\w*|принцип\w*|инструкци\w*|политик\w*|нормы)",
        r"\b(?:я )?отказываюсь (?:помогать|отвечать|писать|выполнять|участвовать|обсуждать)",
    ),
}
#: What looks like one and is none: letters, idioms with "cannot", and texts that then answer.
NO_REFUSALS: Phrases = {
    "en": (
        r"^\W*(?:dear|subject:|to whom)\b",
        r"\bhelp (?:but|it\b|myself|feeling|noticing|thinking|wondering|falling|laughing|smiling|loving)|\benough\b",
        r"\b(?:but|however|though|still)[, ]+(?:here(?:'s| is| are| goes)|the (?:short |likely |usual |general )?answer|based on|"
        r"from (?:what|the)|as far as|my best guess|roughly|in short|in general|I (?:can|will) (?:still )?(?:summari[sz]e|tell you that|"
        r"say that|estimate|walk you)|it is|it's)\b",
    ),
    "de": (
        r"^\W*(?:sehr geehrte|liebe[rs]?|betreff:)",
        r"\b(?:genug|umhin|anders als|oft genug)\b",
        r"\b(?:aber|doch|jedoch)[, ]+(?:hier (?:ist|sind|kommt|kommen)|die (?:kurze |wahrscheinliche )?antwort|soweit|"
        r"im allgemeinen|kurz gesagt|meine beste)",
    ),
    "fr": (
        r"^\W*(?:madame|monsieur|chère?|objet :)",
        r"\b(?:m'empêcher|assez|suffisamment|trop vous|que vous)\b",
        r"\bmais[, ]+(?:voici|voilà|la réponse|d'après|en bref|en général|à ma connaissance)",
    ),
    "es": (
        r"^\W*(?:estimad|querid|asunto:)",
        r"\b(?:dejar de|evitar|suficiente|suficientemente|bastante)\b",
        r"\b(?:pero|sin embargo)[, ]+(?:aquí|la respuesta|según|en resumen|en general|a grandes rasgos)",
    ),
    "pt": (
        r"^\W*(?:prezad|car[oa]\b|assunto:)",
        r"\b(?:deixar de|evitar|suficiente|suficientemente|bastante)\b",
        r"\b(?:mas|porém|no entanto)[, ]+(?:aqui|a resposta|segundo|em resumo|em geral|de modo geral)",
    ),
    "zh": (
        r"^\W*(?:尊敬的|亲爱的)",
        r"(?:自拔|形容|言表|言语|不能再|忍不住|不能不)",
        r"(?:但|但是|不过)[，,]?(?:以下|这里|根据|简单|答案|下面)",
    ),
    "ja": (
        r"^\W*拝啓",
        r"(?:しきれません|待ちきれ|言い表せ|ずにはいられ|以外に)",
        r"(?:ですが|ますが|しかし|ただし|が)、(?:以下|答えは|一般的に|簡単に言|結論)",
    ),
    "ru": (
        r"^\W*(?:уважаем|дорог)",
        r"\b(?:не могу не|дождаться|поверить|перестать|нахвалиться|удержаться|достаточно)\b",
        r"\b(?:но|однако)[, ]+(?:вот|ответ|если коротко|насколько|в целом|судя по)",
    ),
}

_AI = r"(?:(?-i:AI|A\.I\.)|artificial intelligence|language model|(?-i:LLM)|chat ?bot|virtual assistant|digital assistant)"
_AI_MORE = r"(?:[ -](?:powered |based |language )?(?:model|assistant|system|program|chat ?bot|bot|companion))?"
_END = r"(?:[.,;:!?)…—–*]|\s*$|\s[-—–]|"
_MAKERS = (
    r"(?-i:Open ?AI|Anthropic|Google|Meta|Microsoft|Alibaba|DeepSeek|Mistral|x\.?AI|Cohere|Baidu|Yandex|Tencent|Amazon|Apple|"
    r"百度|阿里巴巴|阿里云|腾讯|Яндекс\w*|Сбер\w*)"
)
_NAMES = r"(?-i:Chat-?GPT|GPT-?\d\S*|Claude|Gemini|Bard|Llama|LLaMA|Qwen|Mistral|Copilot|Grok|DeepSeek|Vicuna|Alpaca|YandexGPT|GigaChat)"
_KI = r"(?:(?:große[sn]? |auf \w+ basierendes )?(?:(?-i:KI)[- ])?sprachmodell|(?-i:KI)(?:[- ](?:modell|assistent|assistentin|system|chatbot))?|künstliche intelligenz|chatbot|virtueller assistent|digitaler assistent|computerprogramm)"
_IA_FR = r"(?:(?-i:IA)|intelligence artificielle|(?:grand )?modèle (?:de langage|de langue|linguistique|d'(?-i:IA))|assistant (?:virtuel|(?-i:IA)|numérique)|chatbot|agent conversationnel|programme informatique)"
_IA_ES = r"(?:(?-i:IA)|inteligencia artificial|(?:gran )?modelo (?:de lenguaje|de idioma|lingüístico|de (?-i:IA))(?: (?:de|con) (?-i:IA))?|asistente (?:virtual|de (?-i:IA)|digital)|chatbot|programa (?:informático|de ordenador))"
_IA_PT = r"(?:(?-i:IA)|inteligência artificial|(?:grande )?modelo (?:de linguagem|de (?-i:IA))(?: (?:de|com) (?-i:IA))?|assistente (?:virtual|de (?-i:IA)|digital)|chatbot|programa de computador)"
_AI_ZH = r"(?:人工智能|人工智慧|(?-i:AI)|大?语言模型|大?語言模型|聊天机器人|聊天機器人|虚拟助手|智能助手|大模型)"
_AI_JA = r"(?:(?-i:AI)|人工知能|言語モデル|チャットボット|大規模言語モデル)(?:アシスタント|言語モデル|モデル|チャットボット)?"
_AI_RU = r"(?:(?:большая )?языковая модель|(?-i:ИИ)(?:-(?:ассистент|помощник|модель))?|искусственный интеллект|нейросеть|нейронная сеть|чат-бот|виртуальный (?:помощник|ассистент)|(?:языковая )?модель искусственного интеллекта|компьютерная программа)"

#: The model speaks of itself as a model; not after a quotation mark.
IDENTITY: Phrases = {
    "en": (
        rf"\bas an? (?:(?:large|helpful|advanced|text-based) )*{_AI}{_AI_MORE}(?:[,.;:)]| (?:I\b|my\b|developed|created|trained|made|"
        r"designed|built|by|without|that))§\b(?:I|I'm|I've|I'd|my|me|myself)\b",
        rf"\bas an? (?:(?:large|helpful|advanced|text-based) )*{_AI}{_AI_MORE} I\b",
        rf"\bI(?:'m| am) (?:just |only |simply |merely |actually |still )?(?:an? |the )?(?:(?:large|friendly|helpful|virtual|"
        rf"conversational|text-based|advanced|mere|simple) )*(?:{_AI}|computer program){_AI_MORE}{_END}\s(?:and|so|that|who|which|"
        r"without|trained|developed|created|made|designed|built|by|from|here|programmed|but|with|not)\b)",
        rf"\b(?:I'm|I am|my name is) {_NAMES}{_END}\s(?:an?|from|by|and|the|here|created|made|developed|trained)\b)",
        rf"\bI (?:was|am|have been) (?:created|trained|developed|made|built|designed) by {_MAKERS}",
        r"\bmy (?:training data|knowledge) (?:only )?(?:goes|ends|extends|is limited|is current|was last|cut-?off)",
        r"\bI (?:don't|do not) (?:have|possess|experience) (?:personal|human|real) "
        r"(?:feelings|emotions|opinions|experiences|beliefs|preferences|consciousness|desires)",
    ),
    "de": (
        rf"\bals (?:eine? |ein von \S+ \w+es )?{_KI}\b(?:[,:]|\s)§\b(?:ich|mir|mich|mein\w*)\b",
        rf"\bich bin (?:nur |lediglich |bloß |ja nur )?(?:eine?|das|der|ein von \S+ (?:entwickelt|trainiert)es)? ?{_KI}{_END}\s(?:und|ohne|das|der|die|von|mit|aber)\b)",
        rf"\bich (?:wurde|bin) von {_MAKERS}§(?:entwickelt|trainiert|erstellt|geschaffen)",
        r"\bich habe (?:als \S+ )?keine (?:persönlichen|eigenen) (?:gefühle|meinungen|erfahrungen|emotionen|überzeugungen)",
    ),
    "fr": (
        rf"\ben tant qu(?:e |'(?:une? )?){_IA_FR}\b§(?:\bje\b|\bj'|\bmes\b|\bmon\b|\bma\b|\bme\b|\bm')",
        rf"\bje (?:ne )?suis (?:qu'|seulement |simplement |juste )?(?:une? )?(?:simple )?{_IA_FR}{_END}\s(?:et|sans|qui|développé\w*|créé\w*|entraîné\w*|par|mais|conçu\w*)\b)",
        rf"\bj'ai été (?:créée?|développée?|entraînée?|conçue?) par {_MAKERS}",
        r"\bje n'ai pas (?:d'|de )(?:opinions?|sentiments?|émotions?|expériences?) (?:personnel\w*|propres|humain\w*)",
    ),
    "es": (
        rf"\bcomo (?:una? )?{_IA_ES}\b§\b(?:no (?:tengo|puedo|poseo|experimento)|mi|mis|me|yo|puedo|tengo|he sido|fui|soy|carezco|estoy)\b",
        rf"\bsoy (?:solo |sólo |solamente |simplemente |únicamente )?(?:una? )?(?:simple )?{_IA_ES}{_END}\s(?:y|sin|que|desarrollad\w*|cread\w*|entrenad\w*|de|pero|diseñad\w*)\b)",
        rf"\b(?:fui|he sido) (?:cread[oa]|desarrollad[oa]|entrenad[oa]|diseñad[oa]) por {_MAKERS}",
        r"\bno tengo (?:opiniones|sentimientos|emociones|experiencias|creencias) (?:personales|propi[oa]s|human[oa]s)",
    ),
    "pt": (
        rf"\bcomo (?:uma? )?{_IA_PT}\b§\b(?:não (?:tenho|posso|possuo|experimento)|meu|minha|meus|minhas|me|eu|posso|tenho|fui|sou|estou)\b",
        rf"\bsou (?:apenas |só |somente |simplesmente )?(?:uma? )?(?:simples )?{_IA_PT}{_END}\s(?:e|sem|que|desenvolvid\w*|criad\w*|treinad\w*|da|de|mas|projetad\w*)\b)",
        rf"\bfui (?:criad[oa]|desenvolvid[oa]|treinad[oa]|projetad[oa]) (?:pela|pelo|por) {_MAKERS}",
        r"\bnão tenho (?:opiniões|sentimentos|emoções|experiências|crenças) (?:pessoais|própri[oa]s|human[oa]s)",
    ),
    "zh": (
        rf"(?:作为|作為|身为|身為)(?:一个|一個|一款|一名|一种|由[^，。]{{1,16}}的)?(?:大型|先进的)?{_AI_ZH}(?:助手|模型|语言模型|語言模型|程序)?[，,]?[^。！？\n\"“「]{{0,20}}?我",
        rf"我(?:只|仅仅|只不过)?是(?:一个|一個|一款|一名|一种|您的|你的)?(?:由[^，。]{{1,16}}?(?:开发|训练|研发|創建|创建|打造|訓練|開發)的)?(?:大型)?{_AI_ZH}(?:助手|模型|语言模型|程序|助理)?(?:[，。！、；,.!\s]|$)",
        rf"我是?由{_MAKERS}[^，。]{{0,6}}(?:开发|训练|研发|创建|開發|訓練|打造)",
        r"我没有(?:个人|自己的|人类的)?(?:情感|感情|意识|个人观点|个人意见|个人经历)",
    ),
    "ja": (
        rf"(?:私|わたし|当方|僕)は[^。！？\n「]{{0,24}}?{_AI_JA}(?:です|であり|なので|ですので|として|のため|であるため|ですから|に過ぎ|にすぎ|だから)",
        rf"{_AI_JA}(?:として|なので|ですので|であるため|ですから|である)、?(?:私|わたし|当方)",
        rf"{_AI_JA}(?:なので|ですので|であるため|ですから|として)、[^。！？\n「]{{0,40}}?(?:持って(?:い)?ません|持ちません|できません|お答え|ありません|ございません)",
        rf"{_MAKERS}(?:によって|により|が|に)(?:開発|訓練|作成|トレーニング|作ら)[^。！？\n「]{{0,16}}?(?:AI|モデル|アシスタント|チャットボット)です",
    ),
    "ru": (
        rf"\b(?:как|будучи) {_AI_RU}§\b(?:я|мне|меня|мой|моя|мои|моих)\b",
        rf"\bя (?:[—–-] )?(?:всего лишь |просто |лишь |только |являюсь )*{_AI_RU}{_END}\s(?:и|без|от|созданн\w*|разработанн\w*|обученн\w*|котор\w+|а|но)\b)",
        rf"\b(?:меня (?:создал\w*|разработал\w*|обучил\w*)|я (?:был\w* )?(?:создан\w*|разработан\w*|обучен\w*)) (?:компани\w+ )?{_MAKERS}",
        r"\bу меня нет (?:личных|собственных|человеческих) (?:чувств|мнений|эмоций|убеждений|переживаний|предпочтений|взглядов)",
    ),
}

_GREAT = (
    r"(?:great|excellent|fantastic|wonderful|brilliant|amazing|insightful|thoughtful|fascinating|awesome|superb|terrific|"
    r"outstanding|fabulous|incredible|lovely|good|interesting|intriguing|perfect|profound|beautiful|smart|clever|astute|important)"
)
_STOP = r"(?:\s?[!,.…:;—–~]|\s-|\s*$"
#: The text begins by praising who asked.
FLATTERY: Phrases = {
    "en": (
        r"(?:(?:wow|oh|ah|hi|hello|hey|yes|absolutely)(?: there)?[!,.]+ )?(?:what an? |that(?:'s| is|'s really| is really) (?:such )?an? |"
        r"such an? |this is (?:such )?an? |you(?:'ve| have)? (?:raised?|asked?|made?|make|bring up|brought up|pose|posed) (?:such )?an? |ah,? an? |an? )?"
        rf"(?:really |very |truly |absolutely |such an? |genuinely |incredibly )*{_GREAT}(?:,? (?:and |and really )?{_GREAT})? "
        r"(?:question|point|idea|choice|observation|topic|thought|insight|query|catch|request|plan|suggestion|thinking|inquiry|thing to ask)"
        rf"{_STOP}|\s(?:and|indeed|about|to ask|because|regarding|you(?:'ve)?)\b)",
        r"I (?:absolutely |really |just |truly )?(?:love|adore|admire|applaud) (?:this|that|your|the) (?:question|idea|curiosity|topic|thinking|enthusiasm|creativity)",
        r"you(?:'re| are) (?:absolutely|totally|completely|so|100%|entirely|quite) (?:right|correct)\b",
        r"you have (?:such )?(?:an? )?(?:excellent|great|amazing|impeccable|wonderful|exquisite) (?:taste|eye|instincts?|mind)",
    ),
    "de": (
        r"(?:(?:wow|oh|ah|hallo|ja)[,!] )?(?:das ist |was für |da stellst du |da stellen sie |dies ist |du stellst |sie stellen )?(?:(?:ja |wirklich |aber )?eine? )?"
        r"(?:sehr |wirklich |absolut |so |ganz )?(?:gute|tolle|großartige|ausgezeichnete|hervorragende|fantastische|spannende|interessante|"
        r"kluge|wunderbare|exzellente|super|geniale|faszinierende|brillante|wichtige|scharfsinnige|gut|toll)[rs]? "
        rf"(?:frage|idee|punkt|gedanke|wahl|beobachtung|thema|überlegung|einwand|anregung){_STOP}|\s(?:und|zu)\b)",
        r"(?:da )?(?:du hast|sie haben|hast du|haben sie) (?:absolut|völlig|vollkommen|ganz|total|vollständig|natürlich völlig) recht",
    ),
    "fr": (
        r"(?:(?:oh|wow|ah|bonjour|oui)\s?[,!] )?(?:c'est (?:là )?(?:une |un )|quelle |quel |voilà (?:une |un )|vous posez (?:là )?une |tu poses (?:là )?une |une |un )?"
        r"(?:très |vraiment |tout à fait )?(?:bonne|excellente|superbe|magnifique|formidable|belle|fantastique|merveilleuse|brillante|super|bon|"
        rf"excellent|grande) (?:question|idée|remarque|choix|point|observation|réflexion|initiative|sujet){_STOP}|\s(?:et|que vous)\b)",
        r"(?:c'est (?:là )?(?:une |un )|quelle |quel |voilà (?:une |un )|une |vous posez une )?(?:question|idée|remarque|choix|réflexion|observation) (?:très |vraiment |absolument |particulièrement )?"
        rf"(?:intéressante|pertinente|passionnante|excellente|fascinante|géniale|brillante|judicieuse|excellent){_STOP})",
        r"(?:vous avez|tu as) (?:tout à fait|absolument|entièrement|parfaitement|complètement) raison",
    ),
    "es": (
        r"[¡!]?\s*(?:(?:vaya|guau|oh|hola|sí)[,!] )?[¡!]?(?:qué |(?:esa |esta |eso |esto |ese |este )?es (?:una |un )|haces una |ha hecho una |una )?(?:muy |realmente )?"
        r"(?:buena|excelente|gran|magnífica|fantástica|maravillosa|estupenda|brillante|interesante|genial|buen|increíble) "
        rf"(?:pregunta|idea|observación|elección|punto|reflexión|tema|cuestión|comentario){_STOP}|\sy\b)",
        r"[¡!]?\s*(?:qué |(?:esa |esta )?es una |una )?(?:pregunta|idea|observación|elección|cuestión) (?:tan |muy |más |realmente )?"
        rf"(?:interesante|excelente|buena|fascinante|profunda|inteligente|maravillosa|brillante|genial|acertada){_STOP})",
        r"[¡!]?(?:tienes|tiene|tenés) (?:toda la|absolutamente toda la|completamente|absoluta|mucha) razón",
    ),
    "pt": (
        r"(?:(?:uau|oh|olá|nossa|sim)[,!] )?(?:que |(?:essa |esta |isso |isto |esse |este )?é (?:uma |um )|você fez uma |uma )?(?:muito |realmente )?"
        r"(?:boa|ótima|excelente|maravilhosa|fantástica|brilhante|incrível|bela|grande|ótimo|bom|óptima) "
        rf"(?:pergunta|ideia|observação|escolha|ponto|reflexão|questão|tema|colocação){_STOP}|\se\b)",
        r"(?:que |(?:essa |esta )?é uma |uma )?(?:pergunta|questão|ideia|observação) (?:muito |tão |mais |realmente )?"
        rf"(?:interessante|excelente|boa|fascinante|inteligente|maravilhosa|pertinente|ótima|brilhante){_STOP})",
        r"você (?:está|tem) (?:absolutamente|totalmente|completamente|coberto de|coberta de|toda a|inteiramente) ?(?:certo|certa|razão|correto|correta)?",
    ),
    "zh": (
        r"(?:哇|哦|啊|您好|你好)?[，！!]?(?:这|這|您这|你这|您的|你的|您提了|你提了|您提出了|你提出了)?(?:真|确实|的确|可|多么|多麼)?(?:是)?(?:一)?(?:个|個)?(?:非常|很|特别|十分|真|太|超级|极其|相当)?"
        r"(?:好|棒|精彩|深刻|有趣|有意思|出色|优秀|絕妙|绝妙|了不起|有深度|有见地|专业|聪明|重要|敏锐|独到|迷人|关键)(?:的)?(?:一个)?(?:问题|問題|观察|想法|主意|观点|觀點|选择|選擇|提问|提問|思路|点子)(?:[！!，,。~～]|$)",
        r"(?:这个|這個|您的|你的|这|您这个|你这个)(?:问题|問題|想法|主意|观点|建议)(?:真|非常|很|太|特别|十分)(?:的)?(?:好|棒|精彩|有趣|有意思|深刻|妙|不错)",
        r"(?:这个问题|這個問題|您|你)?(?:问|問|提)得(?:真|非常|很|太|特别)?(?:好|棒|妙)",
        r"(?:您|你)(?:说|說|讲)(?:得|的)(?:完全|非常|太|绝对|絕對|一点都?没错|简直太)(?:对|對|正确|正確|没错)?",
    ),
    "ja": (
        r"(?:わあ|わぁ|おお|はい|こんにちは)?[、！!]?(?:それは|これは|とても|本当に|非常に|大変|なんて|なんと|実に|すごく)*(?:素晴らしい|すばらしい|良い|いい|よい|鋭い|面白い|興味深い|素敵な|すてきな|見事な|優れた|最高の|重要な|深い|賢い)"
        r"(?:ご|お)?(?:質問|疑問|着眼点|アイデア|アイディア|視点|指摘|考え|選択|発想|観察|ご意見|意見|提案)(?:です|だね|だ[。！!]|！|!|。|、|をありがとう|ありがとう|でしょう)",
        r"(?:まったく|全く|完全に|本当に)(?:その|おっしゃる|仰る)(?:通り|とおり)",
    ),
    "ru": (
        r"(?:(?:вау|о|ах|ого|да|здравствуйте)[,!] )?(?:это |какой |какая |какое |вы задали |ты задал )?(?:очень |действительно |просто |по-настоящему )*"
        r"(?:отличн|прекрасн|замечательн|великолепн|хорош|интересн|потрясающ|превосходн|блестящ|чудесн|глубок|гениальн|фантастическ|умн|важн|мудр|увлекательн|любопытн|тонк|точн|грамотн|классн|правильн|восхитительн)\w* "
        r"(?:вопрос|идея|мысль|наблюдение|выбор|замечание|тема|подход|предложение|решение)(?:\s?[!,.…:;]|\s*$|\sи\b)",
        r"(?:вы|ты) (?:абсолютно|совершенно|полностью|безусловно|тысячу раз) прав\w*",
    ),
}


def _stems(of: str) -> tuple[str, ...]:
    return tuple(of.split("|"))


#: One of these stands in every text that such a phrase means: looked for first. ASCII letters in any case.
REFUSAL_STEMS = _stems(
    "i don't|i don’t|i do not|sorry|apologies|request d|request r|不了|不到|办不到|不上|can't|can’t|cannot|can not|"
    "won't|won’t|will not|unable|not able|not going|not willing|not allowed|not permitted|not author|"
    "not programmed|not designed|not in a position|refuse|decline|shouldn|must not|couldn|have the ability|"
    "comfortable|something|against|violate|in line with|your request|rather not|prefer not|pass on|say no|"
    "nicht|kein|ablehnen|lehne|nichts|außerstande|gegen me|gegen un|je ne|nous ne|pas pouvoir|de ne|cliner|"
    "refus|décline|je d|principes|directives|règles|consignes|valeurs|impossible|possible|je pr|no pu|no po|"
    "no me|no soy|no voy|no estoy|rechazar|negarme|declinar|rehusar|niego|mis |prefiero|imposible|não|nÃo|"
    "recus|negar|meus|minhas|prefiro|无法|無法|不能|不可以|办法|辦法|不便|不会|不會|无权|不被允许|不方便|拒|谢绝|违|違|不符合|ません|かねます|できない|控え|"
    "わけにはいか|断り|遠慮|辞退|私の|не |Не |НЕ |отка|Отка|ОТКА|отклон|Отклон|ОТКЛОН|противореч|Противореч|ПРОТИВОРЕЧ|"
    "наруша|Наруша|НАРУША"
)
FLATTERY_STEMS = _stems(
    "IDÉ|观察|建议|観察|意見|提案|предлож|Предлож|решени|Решени|question|point|idea|choice|observation|topic|thought|"
    "insight|query|catch|request|plan|suggestion|thinking|inquiry|thing to ask|curiosity|enthusiasm|"
    "creativity|right|correct|you have|frage|idee|punkt|gedanke|wahl|beobachtung|thema|berlegung|einwand|"
    "anregung|recht|idée|remarque|choix|flexion|initiative|sujet|raison|pregunta|observaci|elecci|punto|"
    "reflexi|tema|cuesti|comentario|raz|pergunta|ideia|observa|escolha|ponto|reflex|quest|coloca|voc|问题|問題|"
    "想法|主意|观点|觀點|选择|選擇|提问|提問|思路|点子|得|说的|讲的|說的|質問|疑問|着眼点|アイデア|アイディア|視点|指摘|考え|選択|発想|通り|とおり|вопрос|ВОПРОС|иде|"
    "ИДЕ|мысль|МЫСЛЬ|наблюдение|НАБЛЮДЕНИЕ|выбор|ВЫБОР|замечание|ЗАМЕЧАНИЕ|тема|ТЕМА|подход|ПОДХОД|прав|ПРАВ|"
    "Вопрос|Иде|Мысль"
)
IDENTITY_STEMS = _stems(
    "language model|rtificial |hatbot|chat bot|virtual|digital|comput|informati|ordenador|sprachmodell|"
    "nstliche intelligenz|intelligence|intelig|mod|agent conversationnel|assist|asist|training data|"
    "my knowledge|feelings|emotions|opinions|experiences|beliefs|preferences|consciousness|desires|"
    "keine pers|keine eigenen|je n'ai pas|je n’ai pas|no tengo |o tenho |зыков|ЗЫКОВ|скусствен|СКУССТВЕН|"
    "ейро|ЕЙРО|ат-бот|АТ-БОТ|иртуальн|ИРТУАЛЬН|омпьютер|ОМПЬЮТЕР|у меня нет|У меня нет|У МЕНЯ НЕТ"
)
#: Likewise, in the case that they have here.
IDENTITY_NAMES = _stems(
    "AI|A.I.|KI|IA|ИИ|LLM|GPT|Claude|Gemini|Bard|Llama|LLaMA|Qwen|Mistral|Copilot|Grok|DeepSeek|Vicuna|"
    "Alpaca|GigaChat|Anthropic|Google|Meta|Microsoft|Alibaba|Cohere|Baidu|Yandex|Tencent|Amazon|Apple|百度|阿里|"
    "腾讯|Яндекс|Сбер|人工|语言模型|語言模型|机器人|機器人|助手|大模型|我没有|言語モデル|チャットボット"
)
