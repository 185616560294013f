from h import *

crm = crmcore.open(db())
em = [
    "info@strasse.example",
    "info@straße.example",
    "Info@STRASSE.example",
    "ınfo@x.example",
    "info@x.example",
    "İnfo@x.example",
    "ﬁn@x.example",
    "fin@x.example",
    "josé@x.example",
    "jose\u0301@x.example",
    "a@xn--strae-oqa.example",
    "a@straße.example",
    "K@x.example",
    "\u212a@x.example",
    "ſ@x.example",
    "s@x.example",
    "\u03c3@x.example",
    "\u03c2@x.example",
    "a.b@x.example",
    " q@x.example ",
    "q@X.EXAMPLE.",
    "ｑ@x.example",
    "\u0130nfo2@x.example",
    "i\u0307nfo2@x.example",
    "\u03a3@x.example",
    "ẞ@x.example",
    "ß@x.example",
    "p@faß.de",
    "p@fass.de",
    "p@FASS.de",
    "p@FAß.de",
    "z@ex\u200dample.de",
    "Ω@x.example",
    "\u2126@x.example",
]
seen = {}
for e in em:
    i = new_id()
    f = dict(lead_id=i, email=e, name="L" + e[:0], source="web", at=t(0))
    f["source"] = "website"
    try:
        r = crm.execute(
            crm.command(
                "capture-lead",
                {k: str(v) if not isinstance(v, datetime) else v.isoformat() for k, v in f.items()},
            ),
            by="x",
        )
        ev = r.events
        print(repr(e), [(x.TOPIC, getattr(x, "lead_id", None) == i) for x in ev])
    except Exception as x:
        print(repr(e), type(x).__name__, str(x)[:150])
a = new_id()
J(crm, "register-customer", customer_id=a, kind="person", name="Ph", at=t(0))


def addp(v, **k):
    return J(
        crm,
        "add-contact-point",
        customer_id=a,
        point_id=new_id(),
        kind=k.pop("kind", "phone"),
        value=v,
        at=t(0),
        **k,
    )


for v in [
    "+49 (0)30 23125000",
    "tel:+493023125001;ext=12",
    "+49 30 23125002 Durchwahl 7",
    "+49 30 23125002-7",
    "+1 212 736 5000,,12",
    "+1 212 736 5000 #12",
    "+1 212 736 5000;12",
    "00 49 30 23125005",
]:
    print(v, addp(v))
crm.catch_up()
for v in [
    "+49 (0)30 23125000",
    "tel:+493023125001;ext=12",
    "+1 212 736 5000,,12",
    "+1 212 736 5000 #12",
    "+1 212 736 5000;12",
]:
    print("find", v, len(crm.read.find_customers(v)))
for v in ["@Ada", "@ada", "@ADA", "@straße", "@strasse", "@ İ", "@i̇"]:
    print(v, addp(v, kind="social"))
# ---- repeated w/o at
print("--- repeats")
import time

now = crmcore.open(db())
i = new_id()


def rep(topic, f, cid=None, mut=None, **kw):
    f = {k: str(v) if isinstance(v, UUID) else v for k, v in f.items()}
    r1 = J(now, topic, command_id=cid, **f)
    time.sleep(0.01)
    r2 = J(now, topic, command_id=cid, **{**f, **(mut or {})})
    print(topic, r1, "|", str(r2)[:150])


cu = new_id()
ca = new_id()
le = new_id()
oid = new_id()
cmpn = new_id()
op = new_id()
rep("register-customer", dict(customer_id=cu, kind="person", name="A"))
rep("register-customer", dict(customer_id=new_id(), kind="person", name="A"), cid=new_id())
rep(
    "register-customer",
    dict(customer_id=new_id(), kind="person", name="A"),
    cid=new_id(),
    mut=dict(at=datetime.now(UTC).isoformat()),
)
rep(
    "register-customer",
    dict(customer_id=new_id(), kind="person", name="A"),
    cid=new_id(),
    mut=dict(name="B"),
)
ids = dict(
    customer_id=cu, case_id=ca, lead_id=le, order_id=oid, campaign_id=cmpn, opportunity_id=op
)
import json, subprocess
from crmcore.cli import describe
