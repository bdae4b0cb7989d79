"""What sessions are called: mostly plain English, sometimes whatever people paste."""

from .dice import Dice

_VERBS = ("Fix", "Add", "Refactor", "Investigate", "Upgrade", "Document", "Review", "Speed up")
_OBJECTS = (
    "flaky login test",
    "invoice rounding",
    "dark mode toggle",
    "retry logic in the ingest worker",
    "Terraform drift in staging",
    "N+1 query on the orders page",
    "dependency audit findings",
    "CSV export",
    "webhook signature check",
    "release notes",
    "search ranking features",
    "GDPR deletion job",
)
_ODDITIES = (
    "🚑 Hotfix: checkout is down 🔥🔥",
    "修复支付回调中的时区错误",
    "請求書の丸め誤差を直す",
    "결제 재시도 로직 개선",
    "إصلاح خطأ في صفحة الدفع",
    "תיקון שגיאת כניסה",
    "Replace \"smart quotes\" & 'plain' ones",
    "<script>alert('x')</script> <b>escape me</b>",
    "Größenänderung für Übergrößen — naïve café façade",
    "line one\nline two\twith a tab",
    "👩🏽‍💻 pair on e\u0301tude (combining accent)",
    "100% done; DROP TABLE students;--",
    "path\\to\\file, {braces}, $dollars and |pipes|",
    "  leading and trailing spaces  ",
    "",
)


def title(dice: Dice) -> str:
    """A title for a session."""
    if dice.chance(0.06):
        return dice.pick(_ODDITIES)
    ticket = f"ACME-{dice.between(100, 9999)}: " if dice.chance(0.3) else ""
    return f"{ticket}{dice.pick(_VERBS)} {dice.pick(_OBJECTS)}"
