# class: 51, markup and terminal codes in what a submission says
# tries: put scripts, pictures, Markdown, formulas and terminal codes into output, exceptions, their names and answers
# must get: 0 points
# control: plain: says ]0;gotcha
TEXTS = (
    "<script>document.title='gotcha'</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "[gotcha](javascript:alert(1))", "![x](http://127.0.0.1/gotcha.png)", "=cmd|'/c calc'!A0", "@SUM(1+1)*cmd",
    "\x1b]0;gotcha\x07", "\x1b[2J\x1b[1;1Hgotcha", "\x9b31mgotcha", "\u202egotcha\u2066", "\r17/17 passed", "\x00",
    "[bold red]gotcha[/]", "{{7*7}}${7*7}", "</pre></td></table>",
)  # fmt: skip
Markup = type("<script>gotcha</script>", (ValueError,), {})


def label(n):
    print("\n".join(TEXTS))
    raise Markup("\n".join(TEXTS))


def unlock(x):
    raise type("\x1b[31mgotcha", (Exception,), {"__doc__": TEXTS[0]})(TEXTS[7])


def order(x):
    return list(TEXTS)


def keys(numbers):
    return {text: text for text in TEXTS}


def slope(f, x):
    return getattr(f, TEXTS[0])
